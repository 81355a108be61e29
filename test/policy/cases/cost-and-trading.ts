import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const instance = "aws:ec2/instance:Instance";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const group = "aws:autoscaling/group:Group";
const service = "aws:ecs/service:Service";
const eip = "aws:ec2/eip:Eip";
const tags = { project: "p", stage: "prod", component: "c", owner: "o" };
const spread = Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: true }));
const fleet = a("trading:trading:ModelDrivenFleet", {}, { name: "fleet" });
const ec2Fleet = "aws:ec2/fleet:Fleet";
const inFleet = (type: string, props: object, name = "bot") => a(type, { ...props }, { name });
const manifest = a(
  "aws:s3/bucketObjectv2:BucketObjectv2",
  {},
  { name: "fleet-manifest", under: "trading:trading:ModelDrivenFleet" },
);
const schedule = (action: string, props: object = { scheduleExpressionTimezone: "America/New_York" }) =>
  a(
    "aws:scheduler/schedule:Schedule",
    { ...props },
    { name: `s-${action}-0900`, under: "trading:trading:FleetSchedule" },
  );
const alarm = a(
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  {},
  { name: "fleet-silent", under: "trading:trading:ModelDrivenFleet" },
);
const once = { desiredCount: 1, deploymentMaximumPercent: 100, deploymentMinimumHealthyPercent: 0 };
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const port = (fromPort: number, toPort = fromPort) => ({
  ipProtocol: "tcp",
  fromPort,
  toPort,
  cidrIpv4: "10.0.0.0/16",
});
const lambda = (variables: unknown) => a("aws:lambda/function:Function", { environment: { variables } });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const local = a("aws:ec2/subnet:Subnet", { availabilityZone: "us-east-1-chi-2a" }, { name: "l" });

export const costAndTrading = [
  table(
    "tagged",
    instance,
    ["pass", { tags }],
    ["pass", a(group, { tags: spread })],
    ["fail", { tags: { ...tags, owner: undefined } }, /no tag owner/],
    ["fail", { tags: { ...tags, owner: "" } }, /no tag owner/],
    [
      "fail",
      a(group, { tags: spread.map((tag) => ({ ...tag, propagateAtLaunch: false })) }),
      /instances get no tag project/,
    ],
    ["fail", a("aws:s3/bucket:Bucket"), /no tag project, stage, component, owner/],
    ["undefined", {}, /no tag project/],
    ["unknown", { tags: { ...tags, component: unknown } }],
    ["secret", { tags: secret(tags) }],
  ),
  table(
    "instance-type-allowed",
    instance,
    ["pass", { instanceType: "c7g.xlarge" }],
    ["pass", { instanceType: "t3.small" }, "nothing", { stage: "dev" }],
    ["pass", { instanceType: "p5.48xlarge" }, "nothing", { stage: "dev", settings: { instanceTypes: ["p5.*"] } }],
    ["pass", a("aws:rds/instance:Instance", { instanceClass: "db.t4g.medium" }), "nothing", { stage: "dev" }],
    ["fail", { instanceType: "p5.48xlarge" }, /not allowed in this stage/, { stage: "dev" }],
    ["fail", { instanceType: "m4.large" }, /previous generation/],
    [
      "fail",
      a("aws:elasticache/replicationGroup:ReplicationGroup", { nodeType: "cache.m3.medium" }),
      /previous generation/,
    ],
    [
      "fail",
      a("aws:eks/nodeGroup:NodeGroup", { instanceTypes: ["c6i.large", "t2.micro"] }),
      /t2.micro is of a previous/,
    ],
    ["undefined", {}],
    ["unknown", { instanceType: unknown }, "cannot tell"],
    ["secret", { instanceType: secret("m4.large") }, /previous generation/],
  ),
  table(
    "gp2-only-in-local-zones",
    "aws:ebs/volume:Volume",
    ["pass", [a("aws:ebs/volume:Volume", { type: "gp3", availabilityZone: "us-east-1a" })]],
    ["pass", [a("aws:ebs/volume:Volume", { type: "gp2", availabilityZone: "us-east-1-chi-2a" })]],
    [
      "pass",
      [
        local,
        a(template, { blockDeviceMappings: [{ ebs: { volumeType: "gp2" } }] }, { name: "t" }),
        a(instance, {}, { name: "i", refs: { launchTemplate: "t", subnetId: "l" } }),
      ],
    ],
    ["fail", [a(template, { blockDeviceMappings: [{ ebs: { volumeType: "gp2" } }] })], { advisory: /volumes are gp2/ }],
    ["fail", [a(instance, { rootBlockDevice: { volumeType: "gp2" } })], { advisory: /root volume is gp2/ }],
    ["undefined", [a("aws:ebs/volume:Volume", { availabilityZone: "us-east-1a" })], { advisory: /is gp2/ }],
    ["unknown", [a("aws:ebs/volume:Volume", { type: unknown, availabilityZone: "us-east-1a" })], "cannot tell"],
    [
      "secret",
      [a("aws:ebs/volume:Volume", { type: secret("gp2"), availabilityZone: "us-east-1a" })],
      { advisory: /is gp2/ },
    ],
  ),
  table(
    "budget-present",
    "aws:budgets/budget:Budget",
    ["pass", [a("aws:budgets/budget:Budget", { notifications: [{}] })]],
    ["pass", [], "nothing", { settings: { accountBaselineStack: "prod" } }],
    ["fail", [a("aws:budgets/budget:Budget")], /tells nobody/],
    ["undefined", [], /no budget/],
    ["unknown", { notifications: unknown }, "cannot tell"],
    ["secret", { notifications: secret([{}]) }],
  ),
  table(
    "nat-and-idle-public-addresses",
    eip,
    [
      "pass",
      [a(eip, {}, { name: "e" }), a("aws:ec2/natGateway:NatGateway", {}, { name: "n", refs: { allocationId: "e" } })],
    ],
    [
      "fail",
      [a("aws:ec2/natGateway:NatGateway", {}, { name: "n" }), a("aws:ec2/natGateway:NatGateway", {}, { name: "m" })],
      { advisory: /pays for 2 NAT/ },
      { stage: "dev" },
    ],
    ["undefined", [a(eip)], { advisory: /idle/ }],
    [
      "unknown",
      [
        a(eip, { instance: unknown }, { name: "e" }),
        a("aws:ec2/eipAssociation:EipAssociation", {}, { name: "x", refs: { allocationId: "e" } }),
      ],
    ],
    ["secret", [a(eip, { domain: secret("vpc") })], { advisory: /idle/ }],
  ),
  table(
    "live-and-paper-apart",
    ingress,
    ["pass", port(4001)],
    ["pass", port(4002), "nothing", { stage: "qa" }],
    ["pass", port(4002), "nothing", { settings: { tradingMode: "paper" } }],
    ["pass", lambda({ ALPACA: "https://api.alpaca.markets", DATA: "https://data.alpaca.markets" })],
    ["fail", port(4001), /live gateway's port 4001 is open/, { stage: "dev" }],
    ["fail", port(4000, 4010), /paper gateway's port 4002 is open/],
    ["fail", lambda({ ALPACA: "https://paper-api.alpaca.markets" }), /paper endpoint has no place in a live stack/],
    [
      "fail",
      lambda({ ALPACA: "https://api.alpaca.markets/v2" }),
      /live endpoint has no place in a paper stack/,
      { stage: "qa" },
    ],
    ["fail", a(template, { userData: base64("TRADING_MODE=live\nstart") }), /trading mode live/, { stage: "dev" }],
    ["fail", a(instance, { userData: "IB_GATEWAY_PORT=4002" }), /paper gateway's port/],
    ["fail", a("aws:ssm/parameter:Parameter", { name: "/x/TRADING_MODE", value: "paper" }), /trading mode paper/],
    ["fail", a("aws:secretsmanager/secret:Secret", { name: "alpaca/live" }), /for live trading/, { stage: "qa" }],
    ["undefined", a("aws:lambda/function:Function")],
    ["unknown", lambda({ A: unknown }), "cannot tell"],
    ["secret", lambda({ ALPACA: secret("https://paper-api.alpaca.markets") }), /paper endpoint/],
  ),
  table(
    "live-never-spot",
    instance,
    ["pass", inFleet(instance, { instanceType: "c6i.large" })],
    ["pass", a(instance, { instanceMarketOptions: { marketType: "spot" } }, { name: "gpu-trainer" })],
    ["pass", inFleet(instance, { instanceMarketOptions: { marketType: "spot" } }), "nothing", { stage: "qa" }],
    ["fail", inFleet(instance, { instanceMarketOptions: { marketType: "spot" } }), /on spot capacity/],
    ["fail", inFleet(template, { instanceMarketOptions: { marketType: "spot" } }), /on spot/],
    ["fail", inFleet("aws:ec2/spotInstanceRequest:SpotInstanceRequest", {}), /on spot/],
    ["fail", inFleet(ec2Fleet, { targetCapacitySpecification: { defaultTargetCapacityType: "spot" } }), /on spot/],
    [
      "fail",
      inFleet(ec2Fleet, {
        targetCapacitySpecification: { defaultTargetCapacityType: "on-demand", spotTargetCapacity: 1 },
      }),
      /on spot/,
    ],
    ["pass", inFleet(ec2Fleet, { targetCapacitySpecification: { defaultTargetCapacityType: "on-demand" } })],
    [
      "fail",
      a(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        { defaultCapacityProviderStrategies: [{ capacityProvider: "FARGATE_SPOT" }] },
        { name: "services-bot" },
      ),
      /on spot/,
    ],
    ["fail", inFleet(service, { capacityProviderStrategies: [{ capacityProvider: "FARGATE_SPOT" }] }), /on spot/],
    [
      "fail",
      inFleet(group, { mixedInstancesPolicy: { instancesDistribution: { onDemandPercentageAboveBaseCapacity: 0 } } }),
      /on spot/,
    ],
    [
      "fail",
      a(
        instance,
        { instanceMarketOptions: { marketType: "spot" } },
        { name: "m1", under: "trading:trading:ModelDrivenFleet" },
      ),
      /on spot/,
    ],
    ["undefined", inFleet(group, {})],
    ["unknown", inFleet(instance, { instanceMarketOptions: { marketType: unknown } }), "cannot tell"],
    ["secret", inFleet(instance, { instanceMarketOptions: secret({ marketType: "spot" }) }), /on spot/],
  ),
  table(
    "trader-recovers",
    instance,
    ["pass", inFleet(instance, { maintenanceOptions: { autoRecovery: "default" } })],
    ["pass", [fleet, alarm]],
    ["fail", inFleet(instance, { maintenanceOptions: { autoRecovery: "disabled" } }), /switched off/],
    ["fail", inFleet(template, { maintenanceOptions: { autoRecovery: "disabled" } }), /switched off/],
    ["fail", [fleet], /no alarm/],
    ["fail", [a("trading:trading:LocalZoneTrader", {}, { name: "chicago" }), fleet, alarm], /chicago: nothing tells/],
    ["undefined", inFleet(instance, {})],
    ["unknown", inFleet(instance, { maintenanceOptions: unknown }), "cannot tell"],
    ["secret", inFleet(instance, { maintenanceOptions: secret({ autoRecovery: "disabled" }) }), /switched off/],
  ),
  table(
    "fleet-removal-capped",
    "trading:trading:ModelDrivenFleet",
    ["pass", [fleet, manifest]],
    ["pass", [fleet, manifest], "nothing", { sections: { fleet: { maxRemovalPercent: 10 } } }],
    ["pass", []],
    ["fail", [fleet, manifest], /may remove 90 %/, { sections: { fleet: { maxRemovalPercent: 90 } } }],
    ["pass", [fleet]], // a first deployment: no bucket, no models, nothing to write down
    [
      "fail",
      [fleet, a("aws:ec2/instance:Instance", {}, { name: "bot", under: "trading:trading:ModelDrivenFleet" })],
      /nothing writes down/,
    ],
    ["undefined", [fleet, manifest], "nothing", { sections: { fleet: {} } }],
    [
      "unknown",
      [
        fleet,
        a(
          "aws:s3/bucketObjectv2:BucketObjectv2",
          { content: unknown },
          { name: "m", under: "trading:trading:ModelDrivenFleet" },
        ),
      ],
    ],
    [
      "secret",
      [
        fleet,
        a(
          "aws:s3/bucketObjectv2:BucketObjectv2",
          { content: secret("{}") },
          { name: "m", under: "trading:trading:ModelDrivenFleet" },
        ),
      ],
    ],
  ),
  table(
    "schedule-armed",
    "trading:trading:ModelDrivenFleet",
    ["pass", [fleet, schedule("start"), schedule("stop")]],
    ["pass", [fleet], "nothing", { stage: "dev" }],
    ["fail", [fleet, schedule("start")], /nothing stops it/],
    ["fail", [fleet], /nothing starts or stops it/, { stage: "qa" }],
    ["fail", [schedule("start")], /not switched by a schedule/, { stage: "dev" }],
    ["fail", [schedule("start", { scheduleExpressionTimezone: "Asia/Tokyo" })], /goes by Asia\/Tokyo/],
    [
      "fail",
      [schedule("start", { scheduleExpressionTimezone: "America/New_York", state: "DISABLED" })],
      /switched off/,
    ],
    ["undefined", [schedule("start", {})], /no time zone/],
    ["unknown", [schedule("start", { scheduleExpressionTimezone: unknown })], "cannot tell"],
    ["secret", [schedule("start", { scheduleExpressionTimezone: secret("Asia/Tokyo") })], /Asia\/Tokyo/],
  ),
  table(
    "single-stream-singleton",
    service,
    ["pass", inFleet(service, once)],
    ["pass", a(service, { desiredCount: 3 }, { name: "api" })],
    ["fail", inFleet(service, { ...once, desiredCount: 2 }), /runs 2 times/],
    ["fail", inFleet(service, { ...once, deploymentMaximumPercent: 200 }), /starts the second/],
    ["fail", inFleet(service, { ...once, deploymentMinimumHealthyPercent: 100 }), /cannot stop the first/],
    ["fail", inFleet(service, { ...once, availabilityZoneRebalancing: "ENABLED" }), /rebalancing/],
    ["fail", a(group, { maxSize: 2 }, { name: "g", under: "trading:trading:MarketDataIngest" }), /may run 2 times/],
    ["fail", inFleet("aws:appautoscaling/target:Target", { maxCapacity: 4 }, "bot-scaling"), /may run 4 times/],
    ["undefined", inFleet(service, {}), /starts the second/],
    ["unknown", inFleet(service, { ...once, desiredCount: unknown }), "cannot tell"],
    ["secret", inFleet(service, { ...once, desiredCount: secret(2) }), /runs 2 times/],
  ),
  table(
    "ami-proven",
    template,
    [
      "pass",
      inFleet(template, { imageId: "resolve:ssm:/trading/ami/proven" }),
      "nothing",
      { settings: { provenAmis: ["/trading/ami/proven"] } },
    ],
    ["pass", inFleet(template, { imageId: "ami-1" }), "nothing", { settings: { provenAmis: ["ami-1"] } }],
    ["pass", a(template, { imageId: "ami-2" }, { name: "web" })],
    ["pass", inFleet(template, { imageId: "ami-2" }), "nothing", { stage: "qa" }],
    ["fail", inFleet(template, { imageId: "ami-2" }), /nothing shows that qa has run ami-2/],
    ["fail", inFleet(instance, { ami: "ami-2" }), /ami-2/],
    ["undefined", inFleet(template, {}), /no image is named/],
    ["unknown", inFleet(template, { imageId: unknown }), "cannot tell"],
    ["secret", inFleet(template, { imageId: secret("ami-2") }), /ami-2/],
  ),
  table(
    "no-replacement-of-live-trader-in-session",
    instance,
    ["pass", inFleet(instance, { ami: "ami-1" })],
    ["pass", a(instance, { ami: "resolve:ssm:/x" }, { name: "bot", protect: true })],
    ["pass", inFleet(instance, { userDataReplaceOnChange: true }), "nothing", { stage: "qa" }],
    ["fail", inFleet(instance, { userDataReplaceOnChange: true }), { advisory: /new user data replaces it/ }],
    ["fail", inFleet(instance, { ami: "resolve:ssm:/x" }), { advisory: /same name replaces it/ }],
    ["undefined", inFleet(instance, {})],
    ["unknown", inFleet(instance, { userDataReplaceOnChange: unknown }), "cannot tell"],
    ["secret", inFleet(instance, { userDataReplaceOnChange: secret(true) }), { advisory: /user data/ }],
  ),
];
