import assert from "node:assert/strict";
import { evaluateBlueprint } from "../support/blueprint";

/**
 * The sets of dimensions that AWS files each namespace's metrics under; a set that is missing here is one that no metric has,
 * and an alarm on it is quiet for ever. Source: each service's user guide, "metrics and dimensions".
 */
const published: Readonly<Record<string, readonly string[]>> = {
  "AWS/ApplicationELB": ["LoadBalancer", "LoadBalancer,TargetGroup"],
  "AWS/AutoScaling": ["AutoScalingGroupName"],
  "AWS/CloudFront": ["DistributionId,Region"],
  "AWS/EC2": ["AutoScalingGroupName", "InstanceId"],
  "AWS/ECS": ["ClusterName,ServiceName"],
  "AWS/ElastiCache": ["CacheClusterId"],
  "AWS/Events": ["RuleName"],
  "AWS/Firehose": ["DeliveryStreamName"],
  "AWS/Lambda": ["FunctionName"],
  "AWS/RDS": ["DBInstanceIdentifier"],
  "AWS/S3": ["DestinationBucket,RuleId,SourceBucket"],
  "AWS/SQS": ["QueueName"],
  "AWS/States": ["StateMachineArn"],
  "AWS/WAFV2": ["Region,Rule,WebACL", "Rule,WebACL"],
  ContainerInsights: ["ClusterName"],
  "ECS/ContainerInsights": ["ClusterName,ServiceName"],
};

/** How AWS writes a dimension's value where it is not simply a name. */
const forms: Readonly<Record<string, RegExp>> = {
  LoadBalancer: /^app\/[^/]+\/[0-9a-f]+$/,
  TargetGroup: /^targetgroup\/[^/]+\/[0-9a-f]+$/,
  InstanceId: /^i-[0-9a-f]+$/,
  StateMachineArn: /^arn:aws:/,
};

/** Namespaces of AWS's own, whose dimensions the table has. */
const ofAws = /^(AWS\/|ECS\/|ContainerInsights$)/;

describe("alarms of the blueprints", () => {
  for (const blueprint of ["ai-platform", "betting-bot", "web-terminal", "local-zone-trader", "model-fleet"]) {
    it(`${blueprint}: each on dimensions that AWS publishes, in AWS's form, telling of its beginning and its end`, async function () {
      this.timeout(120_000);
      const registered = await evaluateBlueprint(blueprint);
      const alarms = registered.ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
      assert.ok(alarms.length > 10);
      for (const { name, inputs } of alarms) {
        const dimensions = Object.entries((inputs.dimensions ?? {}) as Record<string, string>);
        const namespace = String(inputs.namespace);
        if (ofAws.test(namespace)) {
          const set = dimensions.map(([key]) => key).sort();
          assert.ok(published[namespace]?.includes(set.join()), `${name}: ${namespace} by ${set.join()}`);
        }
        for (const [key, value] of dimensions) {
          const form = forms[key] ?? /^(?!arn:).+$/;
          assert.match(value, form, `${name}: ${key}`);
          if (key === "Region" && namespace === "AWS/CloudFront") assert.equal(value, "Global", name);
        }
        const topics = (actions: unknown) => (actions as string[]).filter((arn) => arn.includes(":sns:"));
        assert.equal(topics(inputs.alarmActions).length, 1, `${name} tells one topic`);
        assert.deepEqual(topics(inputs.okActions), topics(inputs.alarmActions), `${name}: its end goes where it began`);
      }
      for (const { name, inputs } of registered.ofType("aws:cloudwatch/dashboard:Dashboard")) {
        const { widgets } = JSON.parse(String(inputs.dashboardBody)) as { widgets: { properties: object }[] };
        const series = widgets.flatMap(({ properties }) =>
          "metrics" in properties ? (properties.metrics as unknown[][]) : [],
        );
        assert.ok(series.length > 0, name);
        for (const [namespace, metric, ...rest] of series) {
          const set = rest.filter((_, index) => index % 2 === 0 && index < rest.length - 1).sort();
          if (ofAws.test(String(namespace)))
            assert.ok(
              published[String(namespace)]?.includes(set.join()),
              `${name}: ${String(metric)} by ${set.join()}`,
            );
        }
      }
    });
  }
});
