import {
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import assert from "node:assert/strict";
import type { Up } from "./lifecycle";
import { backing, type LiveStack } from "./live-stack";

const credentials = { accessKeyId: "sandbox", secretAccessKey: "sandbox" };

/** An EC2 client for what a stack runs on. */
export function ec2Of(stack: LiveStack): EC2Client {
  return new EC2Client({ endpoint: stack.endpoint, region: "us-east-1", credentials });
}

/** Whether there is anything to read back: the stand-in provider makes nothing outside the engine. */
export const readsBack = (): boolean => backing().backing === "aws plugin and emulated AWS";

/** The network as the emulated AWS has it: each subnet in its zone and block, nothing with a public address by default. */
export function networkHolds(up: () => Up): void {
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
