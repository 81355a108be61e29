"""EC2 Auto Scaling: settings of a group that moto does not keep read back as they were given."""

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
