"""Budgets: budgets with their notifications, subscribers and tags."""

from moto.core.utils import utcnow

from .own_services import OwnService, answer, own

NOTHING_SPENT = {"ActualSpend": {"Amount": "0.0", "Unit": "USD"}}


@own("budgets")
class Budgets(OwnService):
    NAME = "budgets"

    def budget(self):
        return self.find("budget", self.given["BudgetName"], "NotFoundException")

    @staticmethod
    def same(one, other):
        fields = ("NotificationType", "ComparisonOperator", "Threshold")
        return all(str(one.get(f)) == str(other.get(f)) for f in fields)

    def notification(self):
        for entry in self.budget()["notifications"]:
            if self.same(entry["Notification"], self.given["Notification"]):
                return entry
        return None

    def create_budget(self):
        given = self.given
        budget = {"CalculatedSpend": NOTHING_SPENT, "LastUpdatedTime": utcnow(), **given["Budget"]}
        budget.setdefault("TimePeriod", {"Start": utcnow().replace(day=1, hour=0, minute=0, second=0, microsecond=0)})
        name = budget["BudgetName"]
        entries = [
            {"Notification": one["Notification"], "Subscribers": list(one.get("Subscribers") or [])}
            for one in given.get("NotificationsWithSubscribers") or []
        ]
        self.records("budget")[name] = {"budget": budget, "notifications": entries}
        self.records("tags")[self.arn(f"budget/{name}", "")] = {t["Key"]: t["Value"] for t in given.get("ResourceTags") or []}
        return answer()

    def describe_budget(self):
        return answer(Budget=self.budget()["budget"])

    def describe_budgets(self):
        return answer(Budgets=[one["budget"] for one in self.records("budget").values()])

    def update_budget(self):
        new = self.given["NewBudget"]
        self.find("budget", new["BudgetName"], "NotFoundException")["budget"].update(new)
        return answer()

    def delete_budget(self):
        self.budget()
        del self.records("budget")[self.given["BudgetName"]]
        return answer()

    def create_notification(self):
        given = self.given
        self.budget()["notifications"].append(
            {"Notification": given["Notification"], "Subscribers": list(given.get("Subscribers") or [])}
        )
        return answer()

    def delete_notification(self):
        entries = self.budget()["notifications"]
        entries[:] = [one for one in entries if not self.same(one["Notification"], self.given["Notification"])]
        return answer()

    def describe_notifications_for_budget(self):
        shown = [{"NotificationState": "OK", **one["Notification"]} for one in self.budget()["notifications"]]
        return answer(Notifications=shown)

    def describe_subscribers_for_notification(self):
        entry = self.notification()
        return answer(Subscribers=entry["Subscribers"] if entry else [])

    def list_tags_for_resource(self):
        tags = self.records("tags").get(self.given["ResourceARN"], {})
        return answer(ResourceTags=[{"Key": key, "Value": value} for key, value in tags.items()])

    def tag_resource(self):
        tags = self.records("tags").setdefault(self.given["ResourceARN"], {})
        tags.update({tag["Key"]: tag["Value"] for tag in self.given["ResourceTags"]})
        return answer()

    def untag_resource(self):
        for key in self.given["ResourceTagKeys"]:
            self.records("tags").get(self.given["ResourceARN"], {}).pop(key, None)
        return answer()
