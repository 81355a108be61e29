import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const fn = (props: object = {}) => a("aws:lambda/function:Function", { ...props }, { name: "fn" });
const alarm = (refs: Record<string, string>, props: object = {}) =>
  a("aws:cloudwatch/metricAlarm:MetricAlarm", { ...props }, { name: "alarm", refs });
const dead = { deadLetterConfig: { targetArn: "arn" } };
const subnet = (name: string, availabilityZone: unknown) => a("aws:ec2/subnet:Subnet", { availabilityZone }, { name });
const nat = (name: string, subnetName: string) =>
  a("aws:ec2/natGateway:NatGateway", {}, { name, refs: { subnetId: subnetName } });
const two = [subnet("a", "us-east-1a"), subnet("b", "us-east-1b")];
const local = subnet("l", "us-east-1-chi-2a");
const instance = (instanceType: unknown, of: string) =>
  a("aws:ec2/instance:Instance", { instanceType }, { name: "i", refs: { subnetId: of } });
const asg = (...subnets: string[]) =>
  a("aws:autoscaling/group:Group", {}, { name: "g", refs: { vpcZoneIdentifiers: subnets } });

export const resilienceRunning = [
  table(
    "lambda-has-dead-letter-and-alarm",
    "aws:lambda/function:Function",
    ["pass", [fn(dead), alarm({ dimensions: "fn" })]],
    [
      "pass",
      [
        fn(),
        alarm({ metricQueries: "fn" }),
        a(
          "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
          {},
          { name: "c", refs: { functionName: "fn" } },
        ),
      ],
    ],
    ["fail", [fn(dead)], /no alarm/],
    ["fail", [fn(), alarm({ dimensions: "fn" })], /no dead letters/],
    ["undefined", [fn()], /no dead letters/],
    ["unknown", [fn({ deadLetterConfig: { targetArn: unknown } }), alarm({ dimensions: "fn" })]],
    ["secret", [fn({ deadLetterConfig: secret({ targetArn: "arn" }) }), alarm({ dimensions: "fn" })]],
  ),
  table(
    "supported-versions",
    "aws:eks/cluster:Cluster",
    ["pass", { version: "1.34" }],
    ["pass", { version: "1.40" }],
    ["pass", a("aws:rds/instance:Instance", { engine: "postgres", engineVersion: "15.8" })],
    ["pass", a("aws:elasticache/replicationGroup:ReplicationGroup", { engine: "valkey", engineVersion: "7.2" })],
    ["fail", { version: "1.28" }, /Kubernetes 1.28 is out of support/],
    ["fail", { version: "1.9" }, /out of support/],
    ["fail", a("eks:index:Cluster", { version: "1.32" }), { advisory: /extended support/ }],
    [
      "fail",
      a("aws:rds/instance:Instance", { engine: "postgres", engineVersion: "15.4" }),
      /15.4 can no longer be created/,
    ],
    [
      "fail",
      a("aws:rds/cluster:Cluster", { engine: "aurora-postgresql", engineVersion: "10.21" }),
      /PostgreSQL 10 is out of support/,
    ],
    ["fail", a("aws:elasticache/replicationGroup:ReplicationGroup", { engineVersion: "3.2.6" }), /Redis 3 is out/],
    [
      "fail",
      a("aws:elasticache/replicationGroup:ReplicationGroup", { engineVersion: "5.0.6" }),
      { advisory: /Redis 5 is in extended support/ },
    ],
    ["fail", a("aws:lambda/function:Function", { runtime: "nodejs14.x" }), /nodejs14.x is out of support/],
    ["fail", a("aws:lambda/function:Function", { runtime: "nodejs18.x" }), /nodejs18.x is out of support/],
    ["fail", { version: "1.34" }, { advisory: /extended/ }, { today: "2026-12-24" }],
    ["undefined", {}],
    ["unknown", { version: unknown }, "cannot tell"],
    ["secret", a("aws:lambda/function:Function", { runtime: secret("python3.8") }), /out of support/],
  ),
  table(
    "nat-per-zone",
    "aws:ec2/natGateway:NatGateway",
    ["pass", [...two, nat("n", "a"), nat("m", "b")]],
    ["pass", [...two, local, nat("n", "a"), nat("m", "b")]],
    ["fail", [...two, nat("n", "a")], /us-east-1b has no NAT gateway/],
    ["fail", [...two, nat("n", "a")], { advisory: /us-east-1b/ }, { stage: "dev" }],
    ["undefined", two],
    ["unknown", [subnet("a", unknown), nat("n", "a")]],
    ["secret", [subnet("a", secret("us-east-1a")), subnet("b", "us-east-1b"), nat("n", "a")], /us-east-1b/],
  ),
  table(
    "zone-spread",
    "aws:autoscaling/group:Group",
    ["pass", [...two, asg("a", "b")]],
    ["fail", [...two, asg("a")], /lies in us-east-1a only/],
    ["fail", [subnet("a", "us-east-1a"), local, asg("a", "l")], /lies in us-east-1a only/],
    [
      "fail",
      [...two, a("aws:rds/subnetGroup:SubnetGroup", {}, { name: "sg", refs: { subnetIds: "b" } })],
      /us-east-1b only/,
    ],
    ["undefined", [a("aws:autoscaling/group:Group")]],
    ["unknown", [subnet("a", unknown), asg("a")]],
    ["secret", [subnet("a", secret("us-east-1a")), asg("a")], /us-east-1a only/],
  ),
  table(
    "local-zone-supported-types",
    "aws:ec2/instance:Instance",
    ["pass", [local, instance("c6i.large", "l")]],
    ["pass", [...two, instance("p5.48xlarge", "a")]],
    ["pass", [local, instance("c8g.large", "l")], "nothing", { config: { families: ["c8g"] } }],
    ["fail", [local, instance("c8g.large", "l")], /no c8g/],
    ["fail", [a("aws:ebs/volume:Volume", { availabilityZone: "us-east-1-chi-2a", type: "io2" })], /no io2/],
    [
      "fail",
      [local, a("aws:rds/subnetGroup:SubnetGroup", {}, { name: "g", refs: { subnetIds: "l" } })],
      /cannot live in a Local Zone/,
    ],
    [
      "fail",
      [local, a("aws:ec2/vpcEndpoint:VpcEndpoint", {}, { name: "g", refs: { subnetIds: "l" } })],
      /cannot live in a Local Zone/,
    ],
    ["undefined", [local, instance(undefined, "l")]],
    ["unknown", [local, instance(unknown, "l")]],
    ["secret", [local, instance(secret("p5.48xlarge"), "l")], /no p5/],
  ),
  table(
    "alarm-for-every-critical-resource",
    "aws:rds/instance:Instance",
    ["pass", [a("aws:rds/instance:Instance", {}, { name: "db" }), alarm({ dimensions: "db" })]],
    [
      "pass",
      [
        a("aws:rds/instance:Instance", { identifier: "main" }, { name: "db" }),
        a("aws:cloudwatch/metricAlarm:MetricAlarm", { dimensions: { DBInstanceIdentifier: "main" } }),
      ],
    ],
    [
      "pass",
      [
        a("aws:ecs/service:Service", { name: "bot" }, { name: "bot" }),
        a("aws:cloudwatch/metricAlarm:MetricAlarm", {
          metricQueries: [{ id: "errors", metric: { metricName: "Errors", dimensions: { ServiceName: "bot" } } }],
        }),
      ],
    ],
    [
      "fail",
      [
        a("aws:ecs/service:Service", { name: "bot" }, { name: "bot" }),
        a("aws:cloudwatch/metricAlarm:MetricAlarm", {
          metricQueries: [
            { id: "rate", expression: "errors / 60" },
            { id: "errors", metric: { metricName: "Errors", dimensions: { ServiceName: "another" } } },
          ],
        }),
      ],
      /nothing watches it/,
    ],
    ["fail", [a("aws:lb/loadBalancer:LoadBalancer")], /nothing watches it/],
    [
      "fail",
      [a("aws:elasticache/replicationGroup:ReplicationGroup")],
      { advisory: /nothing watches it/ },
      { stage: "qa" },
    ],
    ["undefined", [a("aws:rds/instance:Instance")], /nothing watches it/],
    [
      "unknown",
      [
        a("aws:rds/instance:Instance", { identifier: unknown }, { name: "db" }),
        alarm({ dimensions: "db" }, { dimensions: unknown }),
      ],
    ],
    ["secret", [a("aws:rds/instance:Instance", { password: secret("x") })], /nothing watches it/],
  ),
  table(
    "alarm-has-action",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    ["pass", { alarmActions: ["arn"] }],
    ["pass", { region: "us-west-2", alarmActions: ["arn:aws:sns:us-west-2:123456789012:critical"] }],
    [
      "fail",
      { region: "us-west-2", alarmActions: ["arn:aws:sns:us-east-1:123456789012:critical"] },
      /refuses an action of us-east-1/,
    ],
    ["fail", { alarmActions: [] }, /tells nobody/],
    ["fail", { alarmActions: ["arn"], actionsEnabled: false }, /switched off/],
    ["fail", a("aws:cloudwatch/compositeAlarm:CompositeAlarm"), /tells nobody/],
    ["undefined", {}, /tells nobody/],
    ["unknown", { alarmActions: [unknown] }],
    ["secret", { alarmActions: secret(["arn"]) }],
  ),
];
