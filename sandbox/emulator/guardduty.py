"""GuardDuty: an update names the features that it changes, and leaves the others as they are."""

from moto.guardduty.models import Detector

from .patch import wrap


def extend():
    @wrap(Detector, "update")
    def update(old, self, enable, finding_publishing_frequency, data_sources, features):
        if features is not None:
            changed = {one["name"]: one for one in features}
            kept = [one for one in self.features if one["name"] not in changed]
            features = [*kept, *changed.values()]
        old(self, enable, finding_publishing_frequency, data_sources, features)
