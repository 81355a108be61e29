"""EC2 Auto Scaling: settings of a group that moto does not keep read back as they were given."""

from moto.autoscaling.models import FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse

from .patch import wrap

KEPT = ("InstanceMaintenancePolicy", "DefaultInstanceWarmup", "MaxInstanceLifetime")


def extend():
    for name in ("create_auto_scaling_group", "update_auto_scaling_group"):

        @wrap(AutoScalingResponse, name)
        def keep(old, self):
            answer = old(self)
            group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
            for field in KEPT:
                if self._get_param(field) is not None:
                    setattr(group, field, self._get_param(field))
            return answer

    # A policy is on, and predicts nothing where that was not asked for.
    @wrap(FakeScalingPolicy, "__init__")
    def policy(old, self, *args, **kwargs):
        old(self, *args, **kwargs)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None
