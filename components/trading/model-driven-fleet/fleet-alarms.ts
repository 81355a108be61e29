import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";

/**
 * Two alarms for a whole fleet, whatever its size. One alarm for each instance would cost as much as a small instance's
 * disk, and page a thousand times when a zone fails.
 */
export function createFleetAlarms(
  name: string,
  alarmTopicArn: pulumi.Input<string> | undefined,
  opts: pulumi.CustomResourceOptions,
): void {
  metricAlarm(
    `${name}-trader-failed`,
    {
      description:
        "A trader of the fleet gave up, or could not fetch its model. First look into its log stream (named by the instance's id); " +
        "on the instance, by Session Manager: journalctl -u model-prepare -u model-trader.",
      namespace: "trading-platform/fleet",
      metric: "TraderFailed",
      dimensions: { Stack: pulumi.getStack() },
      statistic: "Sum",
      threshold: 0,
      periodSeconds: 60,
      periods: 1,
      ...(alarmTopicArn === undefined ? {} : { alarmTopicArn }),
    },
    opts,
  );
  const actions = alarmTopicArn === undefined ? [] : [alarmTopicArn];
  new aws.cloudwatch.MetricAlarm(
    `${name}-status-check`,
    {
      alarmDescription:
        "An instance of this account and Region fails its status checks. First see in EC2 which one, and whether auto-recovery " +
        "has moved it; a model's instance is replaced by the next deployment when it is terminated.",
      // A Metrics Insights query follows the instances as they come and go; a list of metrics ends at ten.
      metricQueries: [
        {
          id: "failed",
          expression: 'SELECT MAX(StatusCheckFailed) FROM SCHEMA("AWS/EC2", InstanceId)',
          period: 60,
          returnData: true,
        },
      ],
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 3,
      treatMissingData: "notBreaching",
      alarmActions: actions,
      okActions: actions,
    },
    opts,
  );
}
