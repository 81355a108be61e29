"""Application Auto Scaling: targets, policies, schedules and tags."""

import uuid

from moto.core.utils import utcnow

from .fault import Fault
from .own_services import OwnService, answer, own
from .store import chosen


@own("application-autoscaling")
class ApplicationAutoScaling(OwnService):
    NAME = "application-autoscaling"

    def key(self, *extra):
        given = self.given
        return "|".join([given["ServiceNamespace"], given["ResourceId"], given["ScalableDimension"], *extra])

    def shown(self, kind, name_field=None, names=None):
        given = self.given
        return [
            record
            for record in self.records(kind).values()
            if all(not given.get(f) or record[f] == given[f] for f in ("ServiceNamespace", "ResourceId", "ScalableDimension"))
            and (not names or record[name_field] in names)
        ]

    def need(self, kind, key):
        return self.find(kind, key, "ObjectNotFoundException")

    def register_scalable_target(self):
        given, targets = self.given, self.records("targets")
        record = targets.get(self.key())
        if record is None:
            identifier = uuid.uuid4().hex
            record = {
                "RoleARN": f"arn:aws:iam::{self.current_account}:role/aws-service-role/scaling",
                "CreationTime": utcnow(),
                "SuspendedState": {k: False for k in ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")},
                "ScalableTargetARN": self.arn(f"scalable-target/{identifier}"),
            }
            self.records("tags")[record["ScalableTargetARN"]] = dict(given.get("Tags") or {})
            targets[self.key()] = record
        record.update(chosen(given, "ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "RoleARN"))
        record["SuspendedState"].update(given.get("SuspendedState") or {})
        return answer(ScalableTargetARN=record["ScalableTargetARN"])

    def describe_scalable_targets(self):
        return answer(ScalableTargets=self.shown("targets", "ResourceId", self.given.get("ResourceIds")))

    def deregister_scalable_target(self):
        self.need("targets", self.key())
        del self.records("targets")[self.key()]
        for kind in ("policies", "actions"):
            for key in [key for key in self.records(kind) if key.startswith(self.key() + "|")]:
                del self.records(kind)[key]
        return answer()

    def put_scaling_policy(self):
        given = self.given
        self.need("targets", self.key())
        key = self.key(given["PolicyName"])
        record = self.records("policies").setdefault(
            key,
            {
                "PolicyARN": self.arn(f"scalingPolicy:{uuid.uuid4()}:resource/{given['ServiceNamespace']}/{given['ResourceId']}:policyName/{given['PolicyName']}").replace("application-autoscaling", "autoscaling"),
                "CreationTime": utcnow(),
                "Alarms": [],
            },
        )
        record.update({name: value for name, value in given.items() if value is not None})
        record.setdefault("PolicyType", "StepScaling")
        return answer(PolicyARN=record["PolicyARN"], Alarms=[])

    def describe_scaling_policies(self):
        return answer(ScalingPolicies=self.shown("policies", "PolicyName", self.given.get("PolicyNames")))

    def delete_scaling_policy(self):
        key = self.key(self.given["PolicyName"])
        self.need("policies", key)
        del self.records("policies")[key]
        return answer()

    def put_scheduled_action(self):
        given = self.given
        self.need("targets", self.key())
        name = given["ScheduledActionName"]
        arn = self.arn(f"scheduledAction:{uuid.uuid4()}:resource/{given['ServiceNamespace']}/{given['ResourceId']}:scheduledActionName/{name}")
        record = self.records("actions").setdefault(self.key(name), {"ScheduledActionARN": arn, "CreationTime": utcnow()})
        record.update({field: value for field, value in given.items() if value is not None})
        return answer()

    def describe_scheduled_actions(self):
        return answer(ScheduledActions=self.shown("actions", "ScheduledActionName", self.given.get("ScheduledActionNames")))

    def delete_scheduled_action(self):
        key = self.key(self.given["ScheduledActionName"])
        self.need("actions", key)
        del self.records("actions")[key]
        return answer()

    def list_tags_for_resource(self):
        return answer(Tags=self.records("tags").get(self.given["ResourceARN"], {}))

    def tag_resource(self):
        if self.given["ResourceARN"] not in self.records("tags"):
            raise Fault("ResourceNotFoundException", "There is no such target.")
        self.records("tags")[self.given["ResourceARN"]].update(self.given["Tags"])
        return answer()

    def untag_resource(self):
        for key in self.given["TagKeys"]:
            self.records("tags").get(self.given["ResourceARN"], {}).pop(key, None)
        return answer()
