"""EC2: placement groups, Instance Connect endpoints, and the account's own guards (image and snapshot sharing, metadata)."""

import uuid

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound
from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response

from .fault import Fault
from .patch import add, wrap
from .store import Records, chosen


def missing(code, what):
    return lambda name: Fault(code, f"The {what} '{name}' does not exist.")


def placement_groups(backend):
    return Records(backend, "placement groups", missing("InvalidPlacementGroup.Unknown", "placement group"))


def connect_endpoints(backend):
    return Records(backend, "connect endpoints", missing("InvalidInstanceConnectEndpointId.NotFound", "endpoint"))


def tags_given(given, kind):
    """Tags of a call that tags what it makes."""
    return [tag for one in given.get("TagSpecifications") or [] if one.get("ResourceType") == kind for tag in one.get("Tags") or []]


def new_id(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:17]}"


def extend():
    extend_tags()
    extend_placement_groups()
    extend_connect_endpoints()
    extend_guards()
    extend_launch_templates()


def extend_launch_templates():
    """A template that is gone is missed by its id as AWS does: moto names the error of one that was asked for by its name."""

    @wrap(EC2Backend, "delete_launch_template")
    def delete_launch_template(old, self, name, tid):
        if tid and not name and tid not in self.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(tid)
        return old(self, name, tid)


def extend_tags():
    """moto tags only ids it knows the prefix of."""

    def own(backend, resource):
        for records in (placement_groups(backend), connect_endpoints(backend)):
            for record in records.find():
                if resource in (record.get("GroupId"), record.get("InstanceConnectEndpointId")):
                    return record
        return None

    @wrap(EC2Backend, "create_tags")
    def create_tags(old, self, resource_ids, tags):
        rest = []
        for resource in resource_ids:
            record = own(self, resource)
            if record is None:
                rest.append(resource)
            else:
                kept = [tag for tag in record["Tags"] if tag["Key"] not in tags]
                record["Tags"] = kept + [{"Key": key, "Value": value} for key, value in tags.items()]
        return old(self, rest, tags) if rest else True

    @wrap(EC2Backend, "delete_tags")
    def delete_tags(old, self, resource_ids, tags):
        rest = []
        for resource in resource_ids:
            record = own(self, resource)
            if record is None:
                rest.append(resource)
            else:
                record["Tags"] = [tag for tag in record["Tags"] if tag["Key"] not in tags]
        return old(self, rest, tags) if rest else True


def extend_placement_groups():
    @add(EC2Response)
    def create_placement_group(self):
        given = self._get_params()
        name, identifier = given["GroupName"], new_id("pg")
        if name in placement_groups(self.ec2_backend):
            raise Fault("InvalidPlacementGroup.Duplicate", f"The placement group '{name}' already exists.")
        record = {
            "GroupName": name,
            "GroupId": identifier,
            "GroupArn": f"arn:aws:ec2:{self.region}:{self.current_account}:placement-group/{name}",
            "State": "available",
            "Tags": tags_given(given, "placement-group"),
            **chosen(given, "Strategy", "PartitionCount", "SpreadLevel"),
        }
        return ActionResult({"PlacementGroup": placement_groups(self.ec2_backend).put(name, record)})

    @add(EC2Response)
    def describe_placement_groups(self):
        given, groups = self._get_params(), placement_groups(self.ec2_backend)
        if given.get("GroupNames"):
            return ActionResult({"PlacementGroups": [groups.get(name) for name in given["GroupNames"]]})
        wanted = given.get("GroupIds")
        return ActionResult({"PlacementGroups": [g for g in groups.find() if not wanted or g["GroupId"] in wanted]})

    @add(EC2Response)
    def delete_placement_group(self):
        placement_groups(self.ec2_backend).take(self._get_params()["GroupName"])
        return ActionResult({"Return": True})


def extend_connect_endpoints():
    @add(EC2Response)
    def create_instance_connect_endpoint(self):
        given, identifier = self._get_params(), new_id("eice")
        subnet = self.ec2_backend.get_subnet(given["SubnetId"])
        record = {
            "OwnerId": self.current_account,
            "InstanceConnectEndpointId": identifier,
            "InstanceConnectEndpointArn": f"arn:aws:ec2:{self.region}:{self.current_account}:instance-connect-endpoint/{identifier}",
            "State": "create-complete",
            "DnsName": f"{identifier}.{self.region}.ec2-instance-connect-endpoint.amazonaws.com",
            "FipsDnsName": f"{identifier}.fips.{self.region}.ec2-instance-connect-endpoint.amazonaws.com",
            "NetworkInterfaceIds": [new_id("eni")],
            "VpcId": subnet.vpc_id,
            "AvailabilityZone": subnet.availability_zone,
            "CreatedAt": utcnow(),
            "SubnetId": subnet.id,
            "PreserveClientIp": bool(given.get("PreserveClientIp")),
            "SecurityGroupIds": given.get("SecurityGroupIds") or [],
            "IpAddressType": given.get("IpAddressType") or "ipv4",
            "Tags": tags_given(given, "instance-connect-endpoint"),
        }
        connect_endpoints(self.ec2_backend).put(identifier, record)
        return ActionResult({"InstanceConnectEndpoint": record})

    @add(EC2Response)
    def describe_instance_connect_endpoints(self):
        given, endpoints = self._get_params(), connect_endpoints(self.ec2_backend)
        wanted = given.get("InstanceConnectEndpointIds")
        found = [endpoints.get(one) for one in wanted] if wanted else endpoints.find()
        return ActionResult({"InstanceConnectEndpoints": found})

    @add(EC2Response)
    def delete_instance_connect_endpoint(self):
        record = connect_endpoints(self.ec2_backend).take(self._get_params()["InstanceConnectEndpointId"])
        return ActionResult({"InstanceConnectEndpoint": {**record, "State": "delete-in-progress"}})


def extend_guards():
    def guards(self):
        default = {"images": "unblocked", "snapshots": "unblocked", "metadata": {}, "console": False, "key": "alias/aws/ebs"}
        return self.ec2_backend.__dict__.setdefault("_platform_guards", default)

    @add(EC2Response)
    def enable_image_block_public_access(self):
        guards(self)["images"] = self._get_params()["ImageBlockPublicAccessState"]
        return ActionResult({"ImageBlockPublicAccessState": guards(self)["images"]})

    @add(EC2Response)
    def disable_image_block_public_access(self):
        guards(self)["images"] = "unblocked"
        return ActionResult({"ImageBlockPublicAccessState": "unblocked"})

    @add(EC2Response)
    def get_image_block_public_access_state(self):
        return ActionResult({"ImageBlockPublicAccessState": guards(self)["images"]})

    @add(EC2Response)
    def enable_snapshot_block_public_access(self):
        guards(self)["snapshots"] = self._get_params()["State"]
        return ActionResult({"State": guards(self)["snapshots"]})

    @add(EC2Response)
    def disable_snapshot_block_public_access(self):
        guards(self)["snapshots"] = "unblocked"
        return ActionResult({"State": "unblocked"})

    @add(EC2Response)
    def get_snapshot_block_public_access_state(self):
        return ActionResult({"State": guards(self)["snapshots"]})

    @add(EC2Response)
    def modify_instance_metadata_defaults(self):
        given = chosen(self._get_params(), "HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags")
        for name, value in given.items():
            if str(value) in ("no-preference", "-1"):
                guards(self)["metadata"].pop(name, None)
            else:
                guards(self)["metadata"][name] = value
        return ActionResult({"Return": True})

    @add(EC2Response)
    def get_instance_metadata_defaults(self):
        return ActionResult({"AccountLevel": guards(self)["metadata"]})

    @add(EC2Response)
    def enable_serial_console_access(self):
        guards(self)["console"] = True
        return ActionResult({"SerialConsoleAccessEnabled": True})

    @add(EC2Response)
    def disable_serial_console_access(self):
        guards(self)["console"] = False
        return ActionResult({"SerialConsoleAccessEnabled": False})

    @add(EC2Response)
    def get_serial_console_access_status(self):
        return ActionResult({"SerialConsoleAccessEnabled": guards(self)["console"]})

    @wrap(EC2Response, "modify_ebs_default_kms_key_id")
    def modify_ebs_default_kms_key_id(old, self):
        guards(self)["key"] = self._get_params()["KmsKeyId"]
        return ActionResult({"KmsKeyId": guards(self)["key"]})

    @add(EC2Response)
    def get_ebs_default_kms_key_id(self):
        return ActionResult({"KmsKeyId": guards(self)["key"]})

    @add(EC2Response)
    def reset_ebs_default_kms_key_id(self):
        guards(self)["key"] = "alias/aws/ebs"
        return ActionResult({"KmsKeyId": guards(self)["key"]})
