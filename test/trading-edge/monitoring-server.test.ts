import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { encodeUserData, userDataLimitBytes } from "../../components/common/user-data";
import { ValidationError } from "../../components/common/validation";
import {
  MonitoringServer,
  monitoringBootScript,
  type MonitoringServerArgs,
} from "../../components/trading/monitoring-server";
import { hostsDashboard, prometheusConfig } from "../../components/trading/monitoring-server/dashboards";
import { monitoringImages, pinnedImage } from "../../components/trading/monitoring-images";
import { register, testCloud } from "../support/program";

const args = (more: Partial<MonitoringServerArgs> = {}): MonitoringServerArgs => ({
  cloud: testCloud,
  project: "trading-platform",
  stack: "qa",
  vpcId: "vpc-1",
  vpcCidr: "10.0.0.0/16",
  subnet: { id: "subnet-1a", zone: "us-east-1a" },
  instanceType: "t3.medium",
  dataVolumeGiB: 50,
  metricRetentionDays: 30,
  alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:alarms",
  ...more,
});
const build = (more: Partial<MonitoringServerArgs> = {}) =>
  register(() => {
    new MonitoringServer("monitoring-server", args(more));
  });

describe("MonitoringServer", () => {
  it("lets nothing in: no ingress rule, no public address, containers bound to 127.0.0.1", async () => {
    const made = await build();
    assert.equal(made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").length, 0);
    assert.equal(made.one("aws:ec2/securityGroup:SecurityGroup").inputs.ingress, undefined);
    const { inputs } = made.one("aws:ec2/launchTemplate:LaunchTemplate");
    const ports = inputs.networkInterfaces as { associatePublicIpAddress: string }[];
    assert.deepEqual(
      ports.map(({ associatePublicIpAddress }) => associatePublicIpAddress),
      ["false"],
    );
    const script = monitoringBootScript(args(), "arn");
    const bound = [...script.matchAll(/(?:listen-address=|HTTP_ADDR=)(\S+)/g)].map((match) => match[1]);
    assert.deepEqual(bound, ["127.0.0.1:9090", "127.0.0.1", "127.0.0.1:5000", "127.0.0.1:9100"]);
  });

  it("scrapes hosts of its VPC, and reaches AWS and registries", async () => {
    const rules = (await build()).ofType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule");
    assert.deepEqual(
      rules.map(({ inputs }) => [inputs.fromPort, inputs.cidrIpv4]),
      [
        [443, "0.0.0.0/0"],
        [9100, "10.0.0.0/16"],
      ],
    );
  });

  it("keeps metrics and dashboards on an encrypted volume of their own, in the subnet's zone", async () => {
    const made = await build();
    const { inputs } = made.one("aws:ebs/volume:Volume");
    assert.deepEqual(
      [inputs.availabilityZone, inputs.size, inputs.encrypted, inputs.type],
      ["us-east-1a", 50, true, "gp3"],
    );
    assert.equal(made.one("aws:ec2/volumeAttachment:VolumeAttachment").inputs.deviceName, "/dev/sdf");
  });

  it("recovers by itself, uses IMDSv2 and encrypts its root volume", async () => {
    const { inputs } = (await build()).one("aws:ec2/launchTemplate:LaunchTemplate");
    assert.deepEqual(inputs.maintenanceOptions, { autoRecovery: "default" });
    assert.equal((inputs.metadataOptions as { httpTokens: string }).httpTokens, "required");
    const [root] = inputs.blockDeviceMappings as { ebs: { encrypted: string; kmsKeyId: unknown } }[];
    assert.equal(root?.ebs.encrypted, "true");
    assert.ok(root.ebs.kmsKeyId);
  });

  it("pins every image to a release", async () => {
    for (const image of Object.values(monitoringImages)) assert.match(image, pinnedImage);
    const digest = `quay.io/prometheus/prometheus:v3.5.0@sha256:${"a".repeat(64)}`;
    assert.match(digest, pinnedImage);
    for (const image of [
      "grafana/grafana",
      "grafana/grafana:latest",
      `grafana/grafana:latest@sha256:${"a".repeat(64)}`,
    ]) {
      await assert.rejects(
        build({ images: { grafana: image } }),
        (error) => error instanceof ValidationError && /images\.grafana: is not pinned/.test(error.message),
      );
    }
  });

  it("provisions dashboards whose panels do not overlap and read the provisioned source", () => {
    const { panels } = hostsDashboard();
    assert.equal(panels.length, 6);
    assert.equal(new Set(panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size, 6);
    assert.ok(panels.every(({ datasource }) => datasource.uid === "prometheus"));
    assert.match(JSON.stringify(panels), /exchange_round_trip_milliseconds/);
  });

  it("discovers running hosts of its own stack only", () => {
    const [hosts] = prometheusConfig("us-east-1", "trading-platform", "qa").scrape_configs.slice(-1);
    assert.deepEqual((hosts as { ec2_sd_configs: { filters: unknown }[] }).ec2_sd_configs[0]?.filters, [
      { name: "tag:project", values: ["trading-platform"] },
      { name: "tag:stack", values: ["qa"] },
      { name: "instance-state-name", values: ["running"] },
    ]);
  });

  it("boots by a script without faults that fits into user data and holds no password", () => {
    const script = monitoringBootScript(args(), "arn:aws:secretsmanager:us-east-1:123456789012:secret:grafana");
    execFileSync("shellcheck", ["-"], { input: script });
    assert.ok(Buffer.from(encodeUserData("test", script), "base64").length < userDataLimitBytes);
    assert.doesNotMatch(script, /ADMIN_PASSWORD=/);
  });
});
