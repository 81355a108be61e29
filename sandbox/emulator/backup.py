"""AWS Backup: selections of a plan, restore testing plans and their selections."""

import uuid

from moto.backup.models import Plan, backup_backends
from moto.core.utils import utcnow

from .fault import Fault
from .own_services import OwnService, answer, own


@own("backup")
class Backup(OwnService):
    NAME = "backup"

    def create_backup_selection(self):
        given = self.given
        identifier = str(uuid.uuid4())
        kept = {
            "SelectionId": identifier,
            "BackupPlanId": given["BackupPlanId"],
            "CreationDate": utcnow(),
        }
        selection = {"Conditions": {}, "NotResources": [], "Resources": [], "ListOfTags": [], **given["BackupSelection"]}
        self.records("selection")[identifier] = {**kept, "BackupSelection": selection}
        return answer(**kept)

    def get_backup_selection(self):
        return answer(**self.find("selection", self.given["SelectionId"]))

    def delete_backup_selection(self):
        self.find("selection", self.given["SelectionId"])
        del self.records("selection")[self.given["SelectionId"]]
        return answer()

    def list_backup_selections(self):
        fields = ("SelectionId", "BackupPlanId", "CreationDate")
        shown = [
            {**{f: one[f] for f in fields}, "SelectionName": one["BackupSelection"]["SelectionName"]}
            for one in self.records("selection").values()
            if one["BackupPlanId"] == self.given["BackupPlanId"]
        ]
        return answer(BackupSelectionsList=shown)

    def update_backup_plan(self):
        given = self.given
        backend = backup_backends[self.current_account][self.region]
        plan = backend.plans.get(given["BackupPlanId"])
        if plan is None:
            raise Fault("ResourceNotFoundException", f"There is no backup plan {given['BackupPlanId']}.")
        fresh = Plan(given["BackupPlan"], plan.creator_request_id, backend)
        plan.backup_plan, plan.version_id = fresh.backup_plan, fresh.version_id
        return answer(BackupPlanId=plan.backup_plan_id, BackupPlanArn=plan.backup_plan_arn, VersionId=plan.version_id)

    def list_tags(self):
        # moto finds the ARN only in a path that ends with a slash, which not every client writes.
        return answer(Tags=backup_backends[self.current_account][self.region].list_tags(self.given["ResourceArn"]))

    # Restore testing: nothing is ever restored here.

    def plan(self):
        return self.find("test", self.given["RestoreTestingPlanName"])

    @staticmethod
    def named(record, *extra):
        fields = ("CreationTime", "RestoreTestingPlanArn", "RestoreTestingPlanName", *extra)
        return {f: record[f] for f in fields if f in record}

    def create_restore_testing_plan(self):
        plan = dict(self.given["RestoreTestingPlan"])
        name = plan["RestoreTestingPlanName"]
        plan["RestoreTestingPlanArn"] = self.arn(f"restore-testing-plan:{name}-{uuid.uuid4()}")
        plan["CreationTime"] = utcnow()
        plan.setdefault("StartWindowHours", 24)
        plan.setdefault("ScheduleExpressionTimezone", "Etc/UTC")
        plan["RecoveryPointSelection"] = {"ExcludeVaults": [], "SelectionWindowDays": 30, **plan["RecoveryPointSelection"]}
        self.records("test")[name] = plan
        backend = backup_backends[self.current_account][self.region]
        backend.tag_resource(plan["RestoreTestingPlanArn"], self.given.get("Tags") or {})
        return answer(**self.named(plan))

    def get_restore_testing_plan(self):
        return answer(RestoreTestingPlan=self.plan())

    def list_restore_testing_plans(self):
        return answer(RestoreTestingPlans=list(self.records("test").values()))

    def update_restore_testing_plan(self):
        plan = self.plan()
        plan.update(self.given["RestoreTestingPlan"])
        return answer(**self.named(plan), UpdateTime=utcnow())

    def delete_restore_testing_plan(self):
        self.plan()
        del self.records("test")[self.given["RestoreTestingPlanName"]]
        return answer()

    def selection_key(self, name):
        return f"{self.given['RestoreTestingPlanName']}/{name}"

    def create_restore_testing_selection(self):
        plan = self.plan()
        selection = dict(self.given["RestoreTestingSelection"])
        selection["RestoreTestingPlanName"] = plan["RestoreTestingPlanName"]
        selection["RestoreTestingPlanArn"] = plan["RestoreTestingPlanArn"]
        selection["CreationTime"] = utcnow()
        selection.setdefault("RestoreMetadataOverrides", {})
        selection.setdefault("ValidationWindowHours", 0)
        self.records("tested")[self.selection_key(selection["RestoreTestingSelectionName"])] = selection
        return answer(**self.named(selection, "RestoreTestingSelectionName"))

    def tested(self):
        return self.find("tested", self.selection_key(self.given["RestoreTestingSelectionName"]))

    def get_restore_testing_selection(self):
        return answer(RestoreTestingSelection=self.tested())

    def update_restore_testing_selection(self):
        selection = self.tested()
        selection.update(self.given["RestoreTestingSelection"])
        return answer(**self.named(selection, "RestoreTestingSelectionName"), UpdateTime=utcnow())

    def delete_restore_testing_selection(self):
        self.tested()
        del self.records("tested")[self.selection_key(self.given["RestoreTestingSelectionName"])]
        return answer()
