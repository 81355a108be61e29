import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import fc from "fast-check";
import { tagEverything } from "../../../components/common/tags";
import { ValidationError } from "../../../components/common/validation";
import { CatalogBuilder } from "../../../components/trading/model-catalog/catalog";
import { FleetInstance } from "../../../components/trading/model-driven-fleet/fleet-instance";
import {
  ModelDrivenFleet,
  type ModelDrivenFleetArgs,
} from "../../../components/trading/model-driven-fleet/model-driven-fleet";
import type { RecordedResource } from "../../../plan/evaluate/monitor";
import { register, testCloud, type Registered } from "../../support/program";

const instanceType = "aws:ec2/instance:Instance";
const templateType = "aws:ec2/launchTemplate:LaunchTemplate";

const subnets = [
  { id: "subnet-a", zone: "us-east-1a", cidr: "10.0.0.0/24" },
  { id: "subnet-b", zone: "us-east-1b", cidr: "10.0.1.0/24" },
];

function argsFor(keys: readonly string[], more: Partial<ModelDrivenFleetArgs> = {}): ModelDrivenFleetArgs {
  const builder = new CatalogBuilder("models/");
  for (const key of keys) builder.add(key);
  const models = builder.build("test").accepted;
  return {
    cloud: testCloud,
    vpcId: "vpc-1",
    subnets,
    plan: {
      models,
      record: { bucket: "deploy-bucket", manifest: "fleet/test/manifest.json", models: models.length },
      manifestFile: ".fleet/test/manifest.json",
    },
    bucket: "deploy-bucket",
    prefix: "models/",
    instanceType: "c6i.xlarge",
    rootVolumeGiB: 32,
    rootDevice: "/dev/xvda",
    image: "model-trader:1",
    tradingMode: "paper",
    logRetentionDays: 30,
    volumeTags: { project: "trading-platform" },
    ...more,
  };
}

function deploy(keys: readonly string[], more?: Partial<ModelDrivenFleetArgs>): Promise<Registered> {
  return register(() => {
    tagEverything({ project: "trading-platform", stack: "test", stage: "qa", owner: "trading" });
    new ModelDrivenFleet("fleet", argsFor(keys, more));
  });
}

const two = ["models/momentum/AAPL/lstm-outer_0_inner_1", "models/pairs/BTC-USD/ridge-outer_2_inner_0/model.pkl"];

/** A resource without what tells one run from another. */
const shape = ({ urn, inputs, dependencies, propertyDependencies }: RecordedResource) =>
  JSON.stringify({ urn, inputs, dependencies, propertyDependencies });

describe("ModelDrivenFleet", () => {
  it("makes one instance a model and one template a type, and else the same for every fleet", async () => {
    const rest = {
      "trading:trading:ModelDrivenFleet": 1,
      "trading:security:EncryptionKey": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:cloudwatch/logGroup:LogGroup": 1,
      "aws:iam/role:Role": 1,
      "aws:iam/rolePolicy:RolePolicy": 1,
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 2,
      "aws:iam/instanceProfile:InstanceProfile": 1,
      "aws:ec2/securityGroup:SecurityGroup": 1,
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 1,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 2,
      "aws:s3/bucketObjectv2:BucketObjectv2": 1,
    };
    assert.deepEqual((await deploy(two)).counts(), { ...rest, [instanceType]: 2, [templateType]: 2 });
    assert.deepEqual((await deploy([])).counts(), rest);
  });

  it("gives each instance its model by tags, in a private subnet, replaced old before new", async () => {
    const fleet = await deploy(two, { terminationProtection: true });
    const { inputs } = fleet.one(instanceType, "momentum-aapl-lstm-outer-0-inner-1-f5b717f12a");
    assert.deepEqual(inputs.tags, {
      project: "trading-platform",
      stack: "test",
      stage: "qa",
      owner: "trading",
      component: "fleet",
      Name: "momentum/AAPL/lstm-outer_0_inner_1",
      "model-key": two[0],
      "model-type": "momentum",
      "model-symbol": "AAPL",
      "model-name": "lstm",
      "model-outer": "0",
      "model-inner": "1",
      "model-artifact": "object",
      "model-check": createHash("sha256").update(two[0]!).digest("hex").slice(0, 16),
    });
    assert.equal(inputs.associatePublicIpAddress, false);
    assert.equal(inputs.disableApiTermination, true);
    assert.equal(inputs.forceDestroy, true);
    assert.match(String(inputs.subnetId), /^subnet-[ab]$/);
    assert.deepEqual(inputs.volumeTags, { project: "trading-platform" });
    const folder = fleet.one(instanceType, "pairs-btc-usd-ridge-outer-2-inner-0-4fc5cec566").inputs.tags;
    assert.equal((folder as Record<string, string>)["model-artifact"], "folder");
  });

  it("registers an instance as the AWS class does", async () => {
    const args = {
      launchTemplate: { id: "lt-1", version: "1" },
      subnetId: "subnet-a",
      vpcSecurityGroupIds: ["sg-1"],
      associatePublicIpAddress: false,
      tags: { Name: "x" },
    };
    const both = await register(() => {
      tagEverything({ project: "trading-platform", stack: "test", stage: "qa", owner: "trading" });
      new aws.ec2.Instance("theirs", args);
      new FleetInstance("ours", args, {});
    });
    const [theirs, ours] = both.ofType(instanceType).map(({ urn: _urn, name: _name, ...rest }) => rest);
    const component = (name: string) => ({ tags: { ...(ours?.inputs.tags as object), component: name } });
    assert.deepEqual(
      { ...ours, inputs: { ...ours?.inputs, ...component("") } },
      { ...theirs, inputs: { ...theirs?.inputs, ...component("") } },
    );
  });

  it("gives templates IMDSv2 with tags, an encrypted volume, recovery, and no public address", async () => {
    const fleet = await deploy(two, { modelTypes: { pairs: { instanceType: "c7g.large", rootVolumeGiB: 64 } } });
    const momentum = fleet.one(templateType, "momentum-446be30866").inputs;
    assert.deepEqual(momentum.metadataOptions, {
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: "enabled",
    });
    assert.deepEqual(momentum.maintenanceOptions, { autoRecovery: "default" });
    assert.equal(momentum.imageId, "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64");
    const [mapping] = momentum.blockDeviceMappings as { deviceName: string; ebs: Record<string, unknown> }[];
    assert.deepEqual([mapping?.deviceName, mapping?.ebs.encrypted, mapping?.ebs.volumeSize], ["/dev/xvda", "true", 32]);
    assert.match(String(mapping?.ebs.kmsKeyId), /^arn:aws:kms:/);
    assert.equal(momentum.networkInterfaces, undefined);
    const pairs = fleet.one(templateType, "pairs-fb09562410").inputs;
    assert.equal(pairs.instanceType, "c7g.large");
    assert.match(String(pairs.imageId), /-arm64$/);
  });

  it("lets its role read its own prefix of its own bucket, and nothing wider", async () => {
    const fleet = await deploy(two, {
      bucketKeyArn: "arn:aws:kms:us-east-1:123456789012:key/bucket",
      brokerSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:broker-AbCdEf",
      brokerSecretKeyArn: "arn:aws:kms:us-east-1:123456789012:key/broker",
      modelTypes: { pairs: { image: "ghcr.io/team/trader:1" } },
    });
    const { Statement } = JSON.parse(String(fleet.one("aws:iam/rolePolicy:RolePolicy").inputs.policy)) as {
      Statement: { Sid: string; Action: string | string[]; Resource: string | string[]; Condition?: unknown }[];
    };
    const bySid = Object.fromEntries(Statement.map(({ Sid, ...rest }) => [Sid, rest]));
    assert.deepEqual(bySid.ReadModels?.Resource, "arn:aws:s3:::deploy-bucket/models/*");
    assert.deepEqual(bySid.ListModels?.Condition, { StringLike: { "s3:prefix": "models/*" } });
    assert.deepEqual(bySid.PullImage?.Resource, ["arn:aws:ecr:us-east-1:123456789012:repository/model-trader"]);
    assert.deepEqual(bySid.DecryptModels?.Condition, {
      StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" },
    });
    assert.equal(
      bySid.ReadBrokerSecret?.Resource,
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:broker-AbCdEf",
    );
    const wide = Statement.filter(({ Resource }) => Resource === "*").map(({ Action }) => Action);
    assert.deepEqual(wide, ["ecr:GetAuthorizationToken"]);
    for (const { Action } of Statement) assert.doesNotMatch(JSON.stringify(Action), /\*/);
  });

  it("lets nothing in, and out only HTTPS", async () => {
    const fleet = await deploy(two);
    assert.equal(fleet.one("aws:ec2/securityGroup:SecurityGroup").inputs.ingress, undefined);
    assert.deepEqual(fleet.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"), []);
    const { fromPort, toPort, ipProtocol } = fleet.one(
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    ).inputs;
    assert.deepEqual([fromPort, toPort, ipProtocol], [443, 443, "tcp"]);
  });

  it("uploads the manifest after the instances, without depending on any", async () => {
    const fleet = await deploy(two);
    const manifest = fleet.one("aws:s3/bucketObjectv2:BucketObjectv2");
    assert.equal(manifest.inputs.bucket, "deploy-bucket");
    assert.equal(manifest.inputs.key, "fleet/test/manifest.json");
    assert.deepEqual(manifest.dependencies, []);
    const order = fleet.resources.map(({ type }) => type);
    assert.ok(order.indexOf(manifest.type) > order.lastIndexOf(instanceType));
    const none = await deploy([], { plan: { ...argsFor([]).plan, manifestFile: undefined } });
    assert.deepEqual(none.ofType("aws:s3/bucketObjectv2:BucketObjectv2"), []);
  });

  it("tells its two alarms whom to call, and what to do", async () => {
    const fleet = await deploy(two, { alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:critical" });
    const alarms = fleet.ofType("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ inputs }) => inputs);
    for (const alarm of alarms) {
      assert.deepEqual(alarm.alarmActions, ["arn:aws:sns:us-east-1:123456789012:critical"]);
      assert.match(String(alarm.alarmDescription), /First (look|see)/);
    }
    assert.equal(alarms.length, 2);
  });

  it("registers the same whatever the order of the listing, and one more instance for one more model", async () => {
    const key = (n: number) => `models/lstm/S${n}/m-outer_0_inner_0`;
    const listing = Array.from({ length: 12 }, (_, n) => key(n));
    const shapes = async (keys: readonly string[]) => (await deploy(keys)).resources.map(shape).sort();
    const before = await shapes(listing);
    assert.deepEqual(await shapes(listing.toReversed()), before);
    for (const extra of [key(-1), key(99), "models/lstm/$(reboot)/`id`'\"-outer_0_inner_0"]) {
      const after = new Set(await shapes([...listing, extra]));
      assert.deepEqual(
        before.filter((one) => !after.has(one)),
        [],
      );
      assert.equal(after.size, before.length + 1);
    }
  });

  it("keeps hostile names out of scripts and names", async () => {
    const evil = "models/$(reboot)/`id`/';rm -rf ~-outer_0_inner_0";
    const fleet = await deploy([evil]);
    const instance = fleet.one(instanceType);
    assert.match(instance.name, /^[a-z0-9-]+$/);
    assert.equal((instance.inputs.tags as Record<string, string>)["model-key"], evil);
    const script = Buffer.from(String(fleet.one(templateType).inputs.userData), "base64").toString();
    assert.doesNotMatch(script, /reboot|rm -rf ~/);
  });

  it("has room for as many models as the subnets have addresses, and says where it has not", async () => {
    const keys = Array.from({ length: 30 }, (_, n) => `models/lstm/S${n}/m-outer_0_inner_0`);
    const tight = [{ id: "subnet-a", zone: "us-east-1a", cidr: "10.0.0.0/28" }];
    await assert.rejects(deploy(keys, { subnets: tight }), (error: Error) => {
      assert.ok(error instanceof ValidationError);
      assert.match(
        error.message,
        /network\.subnets\.app: has 11 addresses in us-east-1a, and 30 of the 30 models fall there/,
      );
      return true;
    });
    await assert.rejects(
      deploy(keys, { subnets: [] }),
      /network\.subnets\.app: is empty, and the fleet's instances live there/,
    );
  });

  it("refuses user data that EC2 would refuse", async () => {
    await assert.rejects(
      deploy(two, { environment: { LONG: "x".repeat(9_000) } }),
      /fleet\.environment: makes user data of \d+ bytes; EC2 takes 16384/,
    );
  });

  it("names every model apart", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.stringMatching(/^[A-Za-z.-]{1,8}$/), { maxLength: 6 }), async (symbols) => {
        const keys = symbols
          .map((symbol) => `models/t/${symbol}/m-outer_0_inner_0`)
          .filter((key) => !/\/\.{1,2}\//.test(key));
        const fleet = await deploy(keys);
        assert.equal(fleet.ofType(instanceType).length, keys.length);
      }),
      { numRuns: 10 },
    );
  });
});
