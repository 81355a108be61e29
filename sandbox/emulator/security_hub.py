"""Security Hub: settings of the hub, and standards that are subscribed to."""

import json

from moto.securityhub.models import securityhub_backends
from moto.securityhub.responses import SecurityHubResponse

from .own_services import OwnService, answer, own
from .patch import wrap


@own("securityhub")
class SecurityHub(OwnService):
    NAME = "securityhub"

    def settings(self):
        return self.records("hub").setdefault("settings", {})

    def update_security_hub_configuration(self):
        securityhub_backends[self.current_account][self.region].describe_hub()  # an error where there is no hub
        self.settings().update({k: v for k, v in self.given.items() if v is not None})
        return answer()

    def batch_enable_standards(self):
        made = []
        for one in self.given["StandardsSubscriptionRequests"]:
            standard = one["StandardsArn"]
            name = "/".join(standard.split("/")[1:])
            arn = self.arn(f"subscription/{name}")
            subscription = {
                "StandardsSubscriptionArn": arn,
                "StandardsArn": standard,
                "StandardsInput": one.get("StandardsInput") or {},
                "StandardsStatus": "READY",
            }
            made.append(self.records("standards").setdefault(arn, subscription))
        return answer(StandardsSubscriptions=made)

    def get_enabled_standards(self):
        wanted = self.given.get("StandardsSubscriptionArns")
        shown = [one for arn, one in self.records("standards").items() if not wanted or arn in wanted]
        return answer(StandardsSubscriptions=shown)

    def batch_disable_standards(self):
        gone = [self.records("standards").pop(arn) for arn in self.given["StandardsSubscriptionArns"] if arn in self.records("standards")]
        return answer(StandardsSubscriptions=[{**one, "StandardsStatus": "DELETING"} for one in gone])


def extend():
    @wrap(SecurityHubResponse, "describe_hub")
    def describe_hub(old, self):
        hub = json.loads(old(self))
        kept = OwnService.state[("securityhub", self.current_account, self.region)]["hub"].get("settings", {})
        return json.dumps({**hub, **kept})
