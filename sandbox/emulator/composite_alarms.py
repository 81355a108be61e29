"""CloudWatch: composite alarms, which moto's alarms have a field for and no call to make."""

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

from .patch import add, wrap

SUPPRESSOR = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def extend():
    @add(CloudWatchResponse)
    def put_composite_alarm(self):
        answer = self.put_metric_alarm()
        alarm = self.cloudwatch_backend.alarms[self._get_param("AlarmName")]
        for field in SUPPRESSOR:
            setattr(alarm, field, self._get_param(field))
        return answer

    @wrap(CloudWatchBackend, "put_metric_alarm")
    def put(old, self, **given):
        alarm = old(self, **given)
        alarm.AlarmRule = given["rule"]
        return alarm

    # A look for one kind of alarm does not find the other one of that name.
    @wrap(CloudWatchResponse, "describe_alarms")
    def describe(old, self):
        answer = old(self)
        kinds = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
        for kind, field in (("MetricAlarm", "MetricAlarms"), ("CompositeAlarm", "CompositeAlarms")):
            if kind not in kinds:
                answer.result[field] = []
        return answer
