import assert from "node:assert/strict";
import { decodeUserData } from "../../components/common/user-data";
import { evaluateBlueprint } from "../support/blueprint";
import type { Registered } from "../support/program";

const subnetAt = (run: Registered, cidrBlock: string) => {
  const found = run.ofType("aws:ec2/subnet:Subnet").filter(({ inputs }) => inputs.cidrBlock === cidrBlock);
  assert.equal(found.length, 1, `one subnet ${cidrBlock}`);
  return found[0]!;
};
const template = (run: Registered) => run.one("aws:ec2/launchTemplate:LaunchTemplate", "trader-template").inputs;
const script = (run: Registered) => decodeUserData(String(template(run).userData));
const ports = (run: Registered) =>
  run
    .ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    .filter(({ name }) => name.startsWith("trader-group"))
    .map(({ inputs }) => inputs.fromPort);

describe("document 000's figures (local-zone-trader.yaml)", () => {
  let live: Registered;
  let paper: Registered;
  let development: Registered;
  before(async function () {
    this.timeout(120_000);
    live = await evaluateBlueprint("local-zone-trader");
    paper = await evaluateBlueprint("local-zone-trader", { stage: "qa" });
    development = await evaluateBlueprint("local-zone-trader", { stage: "dev" });
  });

  it("VPC 10.0.0.0/16 in us-east-1 with DNS support, and an internet gateway", () => {
    const { inputs } = live.one("aws:ec2/vpc:Vpc");
    assert.deepEqual(
      [inputs.cidrBlock, inputs.enableDnsSupport, inputs.enableDnsHostnames],
      ["10.0.0.0/16", true, true],
    );
    assert.equal(live.ofType("aws:ec2/internetGateway:InternetGateway").length, 1);
  });

  it("subnet 10.0.10.0/24 in us-east-1-chi-2a for trading, and the account opted into the zone", () => {
    assert.equal(subnetAt(live, "10.0.10.0/24").inputs.availabilityZone, "us-east-1-chi-2a");
    const { propertyDependencies } = live.one("aws:ec2/launchTemplate:LaunchTemplate", "trader-template");
    assert.ok(propertyDependencies.networkInterfaces?.includes(subnetAt(live, "10.0.10.0/24").urn));
    const group = live.one("aws:ec2/availabilityZoneGroup:AvailabilityZoneGroup").inputs;
    assert.deepEqual([group.groupName, group.optInStatus], ["us-east-1-chi-2", "opted-in"]);
  });

  it("subnet 10.0.1.0/24 in us-east-1a for monitoring", () => {
    const subnet = subnetAt(live, "10.0.1.0/24");
    assert.equal(subnet.inputs.availabilityZone, "us-east-1a");
    const host = live.one("aws:ec2/launchTemplate:LaunchTemplate", "monitoring-server-host-template");
    assert.ok(host.propertyDependencies.networkInterfaces?.includes(subnet.urn));
  });

  it("route tables for both, and market traffic that leaves in Chicago", () => {
    const tables = live.ofType("aws:ec2/routeTable:RouteTable").map(({ name }) => name);
    assert.ok(tables.includes("network-local-us-east-1-chi-2a") && tables.includes("network-app-us-east-1a"));
    const nat = live.one("aws:ec2/natGateway:NatGateway", "network-local-nat-us-east-1-chi-2a");
    const out = live.one("aws:ec2/route:Route", "network-local-us-east-1-chi-2a-out");
    assert.deepEqual(out.propertyDependencies.natGatewayId, [nat.urn]);
  });

  it("c6i.large for development, c6in.xlarge for paper, c6in.2xlarge for live trading", () => {
    const types = [development, paper, live].map((run) => template(run).instanceType);
    assert.deepEqual(types, ["c6i.large", "c6in.xlarge", "c6in.2xlarge"]);
  });

  it("IB Gateway on 4002 for paper and 4001 for live trading", () => {
    assert.deepEqual(
      [...new Set(ports(development))].filter((port) => port !== 22 && port !== 9100),
      [4002],
    );
    assert.deepEqual(
      [...new Set(ports(paper))].filter((port) => port !== 22 && port !== 9100),
      [4002],
    );
    assert.deepEqual(
      [...new Set(ports(live))].filter((port) => port !== 22 && port !== 9100),
      [4001],
    );
    assert.match(script(paper), /TRADER_GATEWAY_PORT='4002'/);
    assert.match(script(live), /TRADER_MODE='live'[\s\S]*TRADER_GATEWAY_PORT='4001'/);
    assert.match(script(paper), /TRADER_MODE='paper'/);
  });

  it("launch template with user data, auto-recovery, EBS optimisation and enhanced networking", () => {
    assert.deepEqual(template(live).maintenanceOptions, { autoRecovery: "default" });
    assert.equal(template(live).ebsOptimized, "true");
    assert.match(script(live), /enhanced driver ena/);
    const recovery = live.one("aws:cloudwatch/metricAlarm:MetricAlarm", "trader-system-check").inputs;
    assert.equal((recovery.alarmActions as string[])[0], "arn:aws:automate:us-east-1:ec2:recover");
  });

  it("single-digit milliseconds to CME: the alarm on the measured round trip stands at 10", () => {
    for (const run of [development, paper, live]) {
      const { inputs } = run.one("aws:cloudwatch/metricAlarm:MetricAlarm", "trader-round-trip");
      assert.deepEqual([inputs.metricName, inputs.threshold], ["ExchangeRoundTripMilliseconds", 10]);
    }
  });

  it("never spot", () => {
    assert.equal(template(live).instanceMarketOptions, undefined);
    assert.equal(live.ofType("aws:ec2/spotInstanceRequest:SpotInstanceRequest").length, 0);
  });

  it("no public address in production, with a bastion that has none either", () => {
    const hosts = live.ofType("aws:ec2/instance:Instance");
    assert.deepEqual(hosts.map(({ name }) => name).sort(), [
      "monitoring-server-host",
      "trader-bastion-host",
      "trader-host",
    ]);
    const templates = live.ofType("aws:ec2/launchTemplate:LaunchTemplate");
    assert.equal(templates.length, hosts.length);
    for (const { inputs, name } of templates) {
      const [network] = inputs.networkInterfaces as { associatePublicIpAddress: string }[];
      assert.equal(network?.associatePublicIpAddress, "false", name);
    }
    const nats = live.ofType("aws:ec2/natGateway:NatGateway").length;
    assert.equal(live.ofType("aws:ec2/eip:Eip").length, nats, "elastic IPs belong to NAT gateways alone");
    for (const { inputs } of live.ofType("aws:ec2/subnet:Subnet")) assert.equal(inputs.mapPublicIpOnLaunch, false);
  });

  it("API keys in Secrets Manager", () => {
    const secrets = live.ofType("aws:secretsmanager/secret:Secret").map(({ inputs }) => inputs.name);
    for (const secret of ["api-keys", "ib-gateway"]) {
      assert.ok(secrets.includes(`trading-platform/test/trader/${secret}`), secret);
    }
  });

  it("VPC endpoints for AWS services, in the Region's zone", () => {
    const endpoints = live.ofType("aws:ec2/vpcEndpoint:VpcEndpoint");
    const services = endpoints.map(({ inputs }) => String(inputs.serviceName).split(".").slice(3).join("."));
    for (const service of ["s3", "ssm", "ssmmessages", "secretsmanager", "kms", "logs", "monitoring"]) {
      assert.ok(services.includes(service), service);
    }
    const home = subnetAt(live, "10.0.1.0/24").urn;
    for (const { inputs, propertyDependencies } of endpoints) {
      if (inputs.vpcEndpointType === "Interface") assert.deepEqual(propertyDependencies.subnetIds, [home]);
    }
  });

  it("CloudWatch watches the host", () => {
    const alarms = live
      .ofType("aws:cloudwatch/metricAlarm:MetricAlarm")
      .filter(({ name }) => name.startsWith("trader-") && !name.startsWith("trader-bastion-"));
    assert.equal(alarms.length, 8);
  });

  it("starts and stops by CME Globex's calendar in Chicago time outside dev, by hand in dev", () => {
    const zones = (run: Registered) =>
      run.ofType("aws:scheduler/schedule:Schedule").map(({ inputs }) => inputs.scheduleExpressionTimezone);
    assert.deepEqual([...new Set(zones(live))], ["America/Chicago"]);
    assert.deepEqual(zones(development), []);
  });
});
