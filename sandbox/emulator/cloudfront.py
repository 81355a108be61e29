"""CloudFront: functions that can be published, and cache, origin-request and response-header policies."""

import uuid

from moto.core.utils import utcnow

from .fault import Fault
from .own_services import OwnService, answer, own

# Policies of AWS itself that stacks refer to by their id.
MANAGED = {
    "CachePolicy": {
        "658327ea-f89d-4fab-a63d-7e88639e58f6": "Managed-CachingOptimized",
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "Managed-CachingDisabled",
    },
    "OriginRequestPolicy": {
        "216adef6-5c7f-47e4-b989-5492eafa07d3": "Managed-AllViewer",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac": "Managed-AllViewerExceptHostHeader",
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": "Managed-CORS-S3Origin",
    },
    "ResponseHeadersPolicy": {"67f7725c-6f97-4210-82d7-5512b31e9d03": "Managed-SecurityHeadersPolicy"},
}


def new_tag():
    return uuid.uuid4().hex[:13].upper()



def policy_methods(kind, snake):
    field, config = kind, f"{kind}Config"

    def shown(record):
        return {field: {"Id": record["Id"], "LastModifiedTime": record["Time"], config: record["Config"]}, "ETag": record["ETag"]}

    def need(self):
        record = self.records(kind).get(self.given["Id"])
        if record is None:
            raise Fault(f"NoSuch{kind}", f"There is no {kind} {self.given['Id']}.")
        return record

    def create(self):
        given = self.given[config]
        if any(one["Config"]["Name"] == given["Name"] for one in self.records(kind).values()):
            raise Fault(f"{kind}AlreadyExists", f"A {kind} named {given['Name']} exists.")
        identifier = str(uuid.uuid4())
        record = {"Id": identifier, "Config": given, "Time": utcnow(), "ETag": new_tag()}
        self.records(kind)[identifier] = record
        return answer(Location=identifier, **shown(record))

    def get(self):
        return answer(**shown(need(self)))

    def update(self):
        record = need(self)
        record.update(Config=self.given[config], ETag=new_tag(), Time=utcnow())
        return answer(**shown(record))

    def delete(self):
        del self.records(kind)[need(self)["Id"]]
        return answer()

    def listed(self):
        managed = [
            {"Type": "managed", field: {"Id": identifier, "LastModifiedTime": utcnow(), config: {"Name": name, "MinTTL": 0}}}
            for identifier, name in MANAGED[kind].items()
        ]
        custom = [{"Type": "custom", field: shown(one)[field]} for one in self.records(kind).values()]
        wanted = {"managed": managed, "custom": custom}.get(self.given.get("Type"), managed + custom)
        plural = kind[:-1] + "ies"
        return answer(**{f"{kind}List": {"MaxItems": 100, "Quantity": len(wanted), "Items": wanted}, plural: wanted})

    plural = snake[:-1] + "ies"
    return {f"create_{snake}": create, f"get_{snake}": get, f"update_{snake}": update, f"delete_{snake}": delete, f"list_{plural}": listed}


class Functions:
    """Functions, with their two stages."""

    def function(self):
        found = self.records("functions").get(self.given["Name"])
        if found is None:
            raise Fault("NoSuchFunctionExists", f"There is no function {self.given['Name']}.")
        return found

    def summary(self, record, stage):
        metadata = {
            "FunctionARN": f"arn:aws:cloudfront::{self.current_account}:function/{record['Name']}",
            "Stage": stage,
            "CreatedTime": record["Created"],
            "LastModifiedTime": record[stage]["Time"],
        }
        status = "DEPLOYED" if stage == "LIVE" else "UNASSOCIATED" if record.get("LIVE") else "UNPUBLISHED"
        return {"Name": record["Name"], "Status": status, "FunctionConfig": record[stage]["Config"], "FunctionMetadata": metadata}

    def at_stage(self):
        record, stage = self.function(), self.given.get("Stage") or "DEVELOPMENT"
        if stage not in record:
            raise Fault("NoSuchFunctionExists", f"{record['Name']} has not been published.")
        return record, stage

    def put(self, record):
        given = self.given
        record["DEVELOPMENT"] = {"Config": given["FunctionConfig"], "Code": given["FunctionCode"], "ETag": new_tag(), "Time": utcnow()}
        return answer(FunctionSummary=self.summary(record, "DEVELOPMENT"), ETag=record["DEVELOPMENT"]["ETag"])

    def create_function(self):
        name = self.given["Name"]
        if name in self.records("functions"):
            raise Fault("FunctionAlreadyExists", f"A function named {name} exists.")
        return self.put(self.records("functions").setdefault(name, {"Name": name, "Created": utcnow()}))

    def update_function(self):
        return self.put(self.function())

    def publish_function(self):
        record = self.function()
        record["LIVE"] = dict(record["DEVELOPMENT"])
        return answer(FunctionSummary=self.summary(record, "LIVE"))

    def describe_function(self):
        record, stage = self.at_stage()
        return answer(FunctionSummary=self.summary(record, stage), ETag=record[stage]["ETag"])

    def get_function(self):
        record, stage = self.at_stage()
        return answer(FunctionCode=record[stage]["Code"], ETag=record[stage]["ETag"], ContentType="application/octet-stream")

    def list_functions(self):
        shown = [self.summary(one, "DEVELOPMENT") for one in self.records("functions").values()]
        return answer(FunctionList={"MaxItems": 100, "Quantity": len(shown), "Items": shown})

    def delete_function(self):
        del self.records("functions")[self.function()["Name"]]
        return answer()


@own("cloudfront")
class CloudFront(Functions, OwnService):
    NAME = "cloudfront"


for _kind, _snake in (
    ("CachePolicy", "cache_policy"),
    ("OriginRequestPolicy", "origin_request_policy"),
    ("ResponseHeadersPolicy", "response_headers_policy"),
):
    for _name, _method in policy_methods(_kind, _snake).items():
        setattr(CloudFront, _name, _method)
