import assert from "node:assert/strict";
import { priceAll } from "../../../plan/cost/cost";
import { loadUsage, type Usage } from "../../../plan/cost/usage";
import type { RecordedResource } from "../../../plan/evaluate/monitor";
import { resource as planned } from "../support/fixture";

/** No use at all, so that only what stands in the inputs costs. */
const unused = Object.fromEntries(
  Object.entries(loadUsage()).map(([kind, amounts]) => [
    kind,
    Object.fromEntries(Object.keys(amounts).map((key) => [key, 0])),
  ]),
) as Usage;

let count = 0;
const resource = (
  type: string,
  inputs: Record<string, unknown>,
  from: Record<string, RecordedResource> = {},
): RecordedResource => ({ ...planned(type, `r${count++}`, inputs, from), provider: "" });

function price(resources: readonly RecordedResource[], usage: Partial<Usage> = {}) {
  return priceAll({ project: "p", stage: "dev", region: "us-east-1", resources }, {}, { ...unused, ...usage }).cost;
}

const ec2 = "aws:ec2/instance:Instance";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const root = { volumeSize: 8, volumeType: "gp2" };

/** Lines of Infracost's expected outputs (commit 95ba4f49a7ab): the same inputs, the same sum. */
const cases: readonly [
  what: string,
  expected: number,
  type: string,
  inputs: Record<string, unknown>,
  usage?: Partial<Usage>,
][] = [
  ["t3.medium, 8 GB gp2", 31.17, ec2, { instanceType: "t3.medium", rootBlockDevice: root }],
  ["r3.xlarge", 243.09 + 0.8, ec2, { instanceType: "r3.xlarge" }],
  ["m3.large, detailed monitoring", 97.09 + 2.1 + 0.8, ec2, { instanceType: "m3.large", monitoring: true }],
  [
    "m3.medium with five kinds of volume",
    48.91 + 1 + 1 + 1 + 0.45 + 5 + 65 + 1.6,
    ec2,
    {
      instanceType: "m3.medium",
      rootBlockDevice: { volumeSize: 10 },
      ebsBlockDevices: [
        { volumeSize: 10, volumeType: "gp2" },
        { volumeSize: 20, volumeType: "standard" },
        { volumeSize: 30, volumeType: "sc1" },
        { volumeSize: 40, volumeType: "io1", iops: 1000 },
        { volumeSize: 20, volumeType: "gp3" },
      ],
    },
  ],
  ["gp2 volume", 1, "aws:ebs/volume:Volume", { size: 10, type: "gp2" }],
  ["st1 volume", 1.8, "aws:ebs/volume:Volume", { size: 40, type: "st1" }],
  ["io2 volume", 3.75 + 19.5, "aws:ebs/volume:Volume", { size: 30, type: "io2", iops: 300 }],
  ["gp3 volume", 3.2 + 0.2 + 5, "aws:ebs/volume:Volume", { size: 40, type: "gp3", iops: 4000, throughput: 130 }],
  ["NAT gateway", 32.85, "aws:ec2/natGateway:NatGateway", {}],
  ["NAT gateway, 100 GB", 37.35, "aws:ec2/natGateway:NatGateway", {}, { natGateway: { dataGb: 100 } }],
  ["idle address", 3.65, "aws:ec2/eip:Eip", {}],
  ["interface endpoint", 7.3, "aws:ec2/vpcEndpoint:VpcEndpoint", { vpcEndpointType: "Interface", subnetIds: ["a"] }],
  [
    "endpoint in two zones",
    14.6,
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    { vpcEndpointType: "Interface", subnetIds: ["a", "b"] },
  ],
  ["ALB", 16.43, "aws:lb/loadBalancer:LoadBalancer", { loadBalancerType: "application" }],
  ["ALB, 1.3698 LCU", 24.43, "aws:lb/loadBalancer:LoadBalancer", {}, { loadBalancer: { lcu: 1.3698 } }],
  [
    "NLB, 1.3698 LCU",
    22.43,
    "aws:lb/loadBalancer:LoadBalancer",
    { loadBalancerType: "network" },
    { loadBalancer: { lcu: 1.3698 } },
  ],
  ["web ACL with 16 rules", 21, "aws:wafv2/webAcl:WebAcl", { rules: Array.from({ length: 16 }, () => ({})) }],
  ["KMS key", 1, "aws:kms/key:Key", {}],
  ["secret", 0.4, "aws:secretsmanager/secret:Secret", {}],
  ["secret, 100,000 requests", 0.9, "aws:secretsmanager/secret:Secret", {}, { secret: { requests10k: 10 } }],
  [
    "log group, 1,000 GB in, 500 kept",
    515,
    "aws:cloudwatch/logGroup:LogGroup",
    {},
    { logGroup: { ingestedGb: 1000, storedGb: 500 } },
  ],
  ["alarm", 0.1, "aws:cloudwatch/metricAlarm:MetricAlarm", { period: 120 }],
  ["high-resolution alarm", 0.3, "aws:cloudwatch/metricAlarm:MetricAlarm", { period: 10 }],
  [
    "alarm on two metrics",
    0.2,
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    { metricQueries: [{ expression: "m2/m1" }, { metric: { period: 120 } }, { metric: { period: 120 } }] },
  ],
  ["dashboard", 3, "aws:cloudwatch/dashboard:Dashboard", {}],
  ["hosted zone", 0.5, "aws:route53/zone:Zone", {}],
  ["EKS cluster", 73, "aws:eks/cluster:Cluster", {}],
  ["EKS cluster in extended support", 438, "aws:eks/cluster:Cluster", { version: "1.28" }],
  ["registry, 1 GB", 0.1, "aws:ecr/repository:Repository", {}, { ecr: { storedGb: 1 } }],
  ["EFS, 230 GB", 69, "aws:efs/fileSystem:FileSystem", {}, { efs: { storedGb: 230 } }],
  [
    "EFS in one zone, 230 GB",
    36.8,
    "aws:efs/fileSystem:FileSystem",
    { availabilityZoneName: "us-east-1a" },
    { efs: { storedGb: 230 } },
  ],
  [
    "PostgreSQL db.t3.large, 20 GB",
    108.15,
    "aws:rds/instance:Instance",
    { engine: "postgres", instanceClass: "db.t3.large", allocatedStorage: 20 },
  ],
  [
    "MySQL db.t3.large Multi-AZ, 30 GB",
    205.46,
    "aws:rds/instance:Instance",
    { engine: "mysql", instanceClass: "db.t3.large", allocatedStorage: 30, multiAz: true },
  ],
  [
    "MySQL io1",
    99.28 + 12.5 + 120,
    "aws:rds/instance:Instance",
    { engine: "mysql", instanceClass: "db.t3.large", allocatedStorage: 100, iops: 1200 },
  ],
  [
    "MySQL io1 below its least IOPS",
    99.28 + 12.5 + 100,
    "aws:rds/instance:Instance",
    { engine: "mysql", instanceClass: "db.t3.large", allocatedStorage: 100, storageType: "io1", iops: 500 },
  ],
  [
    "cache cluster, 4 shards with 3 replicas",
    0.156 * 16 * 730,
    "aws:elasticache/replicationGroup:ReplicationGroup",
    { nodeType: "cache.m4.large", numNodeGroups: 4, replicasPerNodeGroup: 3 },
  ],
  [
    "cache.r5.4xlarge, 3 nodes",
    1.724 * 3 * 730,
    "aws:elasticache/replicationGroup:ReplicationGroup",
    { nodeType: "cache.r5.4xlarge", numCacheClusters: 3 },
  ],
  ["standard queue, 2M", 0.8, "aws:sqs/queue:Queue", {}, { sqs: { requestsMillions: 2 } }],
  ["FIFO queue, 1M", 0.5, "aws:sqs/queue:Queue", { fifoQueue: true }, { sqs: { requestsMillions: 1 } }],
  ["state machine, 10,000", 0.25, "aws:sfn/stateMachine:StateMachine", {}, { stateMachine: { transitions1k: 10 } }],
  ["recorder, 1,000 items", 3, "aws:cfg/recorder:Recorder", {}, { config: { items: 1000, evaluations: 0 } }],
  ["rule, 100,000", 100, "aws:cfg/rule:Rule", {}, { config: { items: 0, evaluations: 100_000 } }],
  ["bucket, 10,000 GB", 230.05, "aws:s3/bucket:Bucket", {}, { bucket: { storedGb: 10_000, put1k: 10 } }],
  [
    "table on demand",
    57.5 + 1.88 + 1,
    "aws:dynamodb/table:Table",
    { billingMode: "PAY_PER_REQUEST" },
    { dynamodb: { storedGb: 230, writeMillions: 3, readMillions: 8 } },
  ],
  [
    "delivery stream",
    17_920,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    {},
    { firehose: { ingestedGb: 512_000 } },
  ],
];

describe("the pricers agree with the peer's expected outputs", () => {
  for (const [what, expected, type, inputs, usage] of cases) {
    it(what, () => {
      const { monthly, unpriced } = price([resource(type, inputs)], usage);
      assert.deepEqual(unpriced, []);
      assert.ok(Math.abs(monthly - expected) <= 0.015, `${monthly} is not ${expected}`);
    });
  }

  it("a Fargate service by its task's size", () => {
    const task = resource("aws:ecs/taskDefinition:TaskDefinition", { cpu: "1024", memory: "2048" });
    const service = resource(
      "aws:ecs/service:Service",
      { desiredCount: 4, launchType: "FARGATE" },
      { taskDefinition: task },
    );
    assert.ok(Math.abs(price([task, service]).monthly - (118.2 + 25.96)) <= 0.015);
  });

  it("an Auto Scaling group by its launch template", () => {
    const shape = resource(template, {
      instanceType: "t2.medium",
      blockDeviceMappings: [{ ebs: { volumeSize: 10, volumeType: "gp2" } }],
    });
    const group = resource(
      "aws:autoscaling/group:Group",
      { desiredCapacity: 6, minSize: 1 },
      { launchTemplate: shape },
    );
    assert.ok(Math.abs(price([shape, group]).monthly - (203.23 + 6)) <= 0.015);
  });

  it("an instance by its launch template, its own fields first", () => {
    const shape = resource(template, { instanceType: "t3.medium", monitoring: { enabled: true } });
    const own = resource(ec2, { instanceType: "t3.large", monitoring: false }, { launchTemplate: shape });
    assert.ok(Math.abs(price([shape, own]).monthly - (60.74 + 0.8 + 2.1)) <= 0.015);
  });
});
