import {
  DescribeInstancesCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type Instance,
} from "@aws-sdk/client-ec2";
import { DescribeReplicationGroupsCommand, ElastiCacheClient } from "@aws-sdk/client-elasticache";
import { DescribeDBInstancesCommand, RDSClient } from "@aws-sdk/client-rds";
import { GetBucketEncryptionCommand, GetPublicAccessBlockCommand } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { emulatorAccess } from "../../sandbox/emulator-access";
import { emulatorS3, fleetOf } from "../../sandbox/seed";
import type { Up } from "./lifecycle";
import { backing, type LiveStack } from "./live-stack";

/** An EC2 client for what a stack runs on. */
function ec2Of(stack: LiveStack): EC2Client {
  return new EC2Client(emulatorAccess(stack.endpoint));
}

/** Whether there is anything to read back: the stand-in provider makes nothing outside the engine. */
const readsBack = (): boolean => backing().backing === "aws plugin and emulated AWS";

/** The network as the emulated AWS has it: each subnet in its zone and block, nothing with a public address by default. */
function networkHolds(up: () => Up): void {
  it("has its subnets in their zones, and none gives public addresses", async function () {
    if (!readsBack()) return this.skip();
    const ec2 = ec2Of(up().stack);
    const planned = up().ofType("aws:ec2/subnet:Subnet");
    const { Subnets = [] } = await ec2.send(
      new DescribeSubnetsCommand({ SubnetIds: planned.map(({ id }) => String(id)) }),
    );
    assert.equal(Subnets.length, planned.length);
    for (const { id, inputs } of planned) {
      const subnet = Subnets.find(({ SubnetId }) => SubnetId === id);
      assert.equal(subnet?.AvailabilityZone, inputs?.availabilityZone);
      assert.equal(subnet?.CidrBlock, inputs?.cidrBlock);
      assert.notEqual(subnet?.MapPublicIpOnLaunch, true, `${id} gives public addresses`);
    }
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
    const [vpc] = up().ofType("aws:ec2/vpc:Vpc");
    assert.ok(Vpcs.some(({ VpcId, CidrBlock }) => VpcId === vpc?.id && CidrBlock === vpc?.inputs?.cidrBlock));
  });

  it("gives public addresses to NAT gateways only", async function () {
    if (!readsBack()) return this.skip();
    const ec2 = ec2Of(up().stack);
    const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({}));
    const nat = NatGateways.flatMap(({ NatGatewayAddresses = [] }) => NatGatewayAddresses);
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    const open = NetworkInterfaces.filter(
      ({ Association, NetworkInterfaceId }) =>
        Association?.PublicIp !== undefined && !nat.some((one) => one.NetworkInterfaceId === NetworkInterfaceId),
    );
    assert.deepEqual(
      open.map(({ NetworkInterfaceId }) => NetworkInterfaceId),
      [],
    );
  });
}

async function running(endpoint: string): Promise<Instance[]> {
  const { Reservations = [] } = await new EC2Client(emulatorAccess(endpoint)).send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name === "running");
}

/** Models whose instances run in the emulated AWS, whichever stack made them; one that runs twice is there twice. */
export async function runningModels(endpoint: string): Promise<string[]> {
  const models = (await running(endpoint)).flatMap(({ Tags = [] }) => {
    const parts = Tags.filter(({ Key = "" }) => /^model-key(-\d+)?$/.test(Key));
    return parts.length > 0 ? [parts.map(({ Value }) => Value).join("")] : [];
  });
  return models.sort();
}

/** Every host, whoever started it: the stack itself or a group of it. */
function hostsHold(up: () => Up): void {
  it("runs hosts that ask for a token, on encrypted volumes", async function () {
    if (!readsBack()) return this.skip();
    const hosts = await running(up().stack.endpoint);
    for (const { id } of up().ofType("aws:ec2/instance:Instance")) {
      assert.ok(
        hosts.some(({ InstanceId }) => InstanceId === id),
        `${id} does not run`,
      );
    }
    for (const { InstanceId, MetadataOptions } of hosts) {
      assert.equal(MetadataOptions?.HttpTokens, "required", `${InstanceId} serves its metadata without a token`);
    }
    const { Volumes = [] } = await ec2Of(up().stack).send(new DescribeVolumesCommand({}));
    assert.ok(Volumes.length >= hosts.length);
    for (const { VolumeId, Encrypted } of Volumes) assert.ok(Encrypted, `${VolumeId} is not encrypted`);
  });

  it("runs one instance for each model of its listing, and no other as a model's", async function () {
    const fleet = fleetOf(up().stack.place);
    if (!readsBack() || !fleet) return this.skip();
    const models = await runningModels(up().stack.endpoint);
    // The artifact is the key itself, or the folder that files lie in.
    const listed = fleet.keys.flatMap((key) => /^.+-outer_\d+_inner_\d+(?=\/|$)/.exec(key) ?? []);
    assert.ok(listed.length > 1);
    assert.deepEqual(models, [...new Set(listed)].sort());
  });
}

function storesHold(up: () => Up): void {
  it("keeps its data encrypted, and nothing of it public", async function () {
    if (!readsBack()) return this.skip();
    const { stack } = up();
    const { DBInstances = [] } = await new RDSClient(emulatorAccess(stack.endpoint)).send(
      new DescribeDBInstancesCommand({}),
    );
    for (const { identifier } of up()
      .ofType("aws:rds/instance:Instance")
      .map(({ outputs }) => ({ identifier: outputs?.identifier }))) {
      const database = DBInstances.find(({ DBInstanceIdentifier }) => DBInstanceIdentifier === identifier);
      if (!database) continue; // a replica in another Region
      assert.deepEqual([database.StorageEncrypted, database.PubliclyAccessible], [true, false], String(identifier));
    }
    const { ReplicationGroups = [] } = await new ElastiCacheClient(emulatorAccess(stack.endpoint)).send(
      new DescribeReplicationGroupsCommand({}),
    );
    for (const { ReplicationGroupId, AtRestEncryptionEnabled, TransitEncryptionEnabled } of ReplicationGroups) {
      assert.deepEqual([AtRestEncryptionEnabled, TransitEncryptionEnabled], [true, true], ReplicationGroupId);
    }
    const s3 = emulatorS3(stack.endpoint);
    for (const { id: Bucket = "" } of up().ofType("aws:s3/bucket:Bucket")) {
      const { PublicAccessBlockConfiguration: block } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
      const { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets } = block ?? {};
      const four = [BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets];
      assert.deepEqual(four, [true, true, true, true], Bucket);
      const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
      assert.ok(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault, Bucket);
    }
  });
}

/** What holds for every stack, asked of the emulated AWS with AWS's own clients. */
export function stackHolds(up: () => Up): void {
  networkHolds(up);
  hostsHold(up);
  storesHold(up);
}
