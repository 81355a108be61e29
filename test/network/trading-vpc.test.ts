import assert from "node:assert/strict";
import { endpointPolicy } from "../../components/network/endpoints";
import { aclRules, type AclEntry } from "../../components/network/network-acls";
import { TradingVpc, type TradingVpcArgs } from "../../components/network/trading-vpc";
import { zoneGroupOf } from "../../components/network/local-zones";
import { firstZones } from "../../components/network/zones";
import { ValidationError } from "../../components/common/validation";
import { register, testCloud } from "../support/program";

const base: TradingVpcArgs = {
  cloud: testCloud,
  cidr: "10.0.0.0/16",
  zones: ["us-east-1a", "us-east-1b"],
  nat: "per-zone",
  endpoints: { gateway: ["s3"], interface: ["ssm", "secretsmanager"] },
  flowLogs: { retentionDays: 90, aggregationSeconds: 60 },
};
const build = (changes: Partial<TradingVpcArgs> = {}) =>
  register(() => new TradingVpc("network", { ...base, ...changes }));
const defaultRoute = "0.0.0.0/0";

async function refusal(changes: Partial<TradingVpcArgs>): Promise<string> {
  try {
    await build(changes);
  } catch (error) {
    assert.ok(error instanceof ValidationError);
    return error.message;
  }
  return assert.fail("nothing was refused");
}

describe("TradingVpc", () => {
  it("registers exactly what it promises", async () => {
    assert.deepEqual((await build()).counts(), {
      "trading:network:TradingVpc": 1,
      "aws:ec2/vpc:Vpc": 1,
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": 1,
      "aws:ec2/internetGateway:InternetGateway": 1,
      "aws:ec2/subnet:Subnet": 6,
      "aws:ec2/routeTable:RouteTable": 6,
      "aws:ec2/routeTableAssociation:RouteTableAssociation": 6,
      "aws:ec2/route:Route": 4,
      "aws:ec2/eip:Eip": 2,
      "aws:ec2/natGateway:NatGateway": 2,
      "aws:ec2/networkAcl:NetworkAcl": 3,
      "aws:ec2/vpcEndpoint:VpcEndpoint": 3,
      "aws:ec2/securityGroup:SecurityGroup": 1,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
      "trading:security:EncryptionKey": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:cloudwatch/logGroup:LogGroup": 1,
      "aws:iam/role:Role": 1,
      "aws:iam/rolePolicy:RolePolicy": 1,
      "aws:ec2/flowLog:FlowLog": 1,
    });
  });

  it("gives no subnet public addresses on launch, whatever its tier", async () => {
    const { localZones } = { localZones: [{ zone: "us-east-1-chi-2a", egress: "local-nat" as const, optIn: true }] };
    const subnets = (await build({ localZones })).ofType("aws:ec2/subnet:Subnet");
    assert.equal(subnets.length, 8);
    for (const { inputs, name } of subnets) assert.equal(inputs.mapPublicIpOnLaunch, false, name);
  });

  it("closes the default security group", async () => {
    const { inputs } = (await build()).one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
    assert.deepEqual([inputs.ingress, inputs.egress], [[], []]);
  });

  it("routes public subnets to the internet, app subnets to their own zone's NAT, and data subnets nowhere", async () => {
    const registered = await build();
    const routes = registered
      .ofType("aws:ec2/route:Route")
      .map(({ name, inputs }) => [name, inputs.destinationCidrBlock]);
    assert.deepEqual(routes.sort(), [
      ["network-app-us-east-1a-nat", defaultRoute],
      ["network-app-us-east-1b-nat", defaultRoute],
      ["network-public-us-east-1a-internet", defaultRoute],
      ["network-public-us-east-1b-internet", defaultRoute],
    ]);
    const natOf = (zone: string) =>
      registered.one("aws:ec2/route:Route", `app-${zone}-nat`).propertyDependencies.natGatewayId;
    assert.match(natOf("us-east-1b")?.[0] ?? "", /network-nat-us-east-1b$/);
  });

  it("sends every zone through the one NAT gateway with nat: single, and none out with nat: none", async () => {
    const single = await build({ nat: "single" });
    assert.equal(single.ofType("aws:ec2/natGateway:NatGateway").length, 1);
    const natIds = single.ofType("aws:ec2/route:Route").flatMap(({ inputs }) => inputs.natGatewayId ?? []);
    assert.equal(natIds.length, 2);
    assert.equal(new Set(natIds).size, 1);
    const none = await build({ nat: "none" });
    assert.deepEqual(
      [none.ofType("aws:ec2/natGateway:NatGateway").length, none.ofType("aws:ec2/eip:Eip").length],
      [0, 0],
    );
    assert.ok(none.ofType("aws:ec2/route:Route").every(({ name }) => name.includes("-public-")));
  });

  it("needs no internet gateway without public subnets", async () => {
    const closed = await build({ nat: "none", subnets: { public: [] } });
    assert.equal(closed.ofType("aws:ec2/internetGateway:InternetGateway").length, 0);
    assert.equal(closed.ofType("aws:ec2/route:Route").length, 0);
  });

  it("makes NAT gateways only after the internet gateway is there", async () => {
    const [nat] = (await build()).ofType("aws:ec2/natGateway:NatGateway");
    assert.ok(nat?.dependencies.some((urn) => urn.endsWith("network-igw")));
  });

  it("keeps interface endpoints in the app subnets of the Region's zones, with TLS from the VPC only", async () => {
    const registered = await build({ localZones: [{ zone: "us-east-1-chi-2a", egress: "nat", optIn: true }] });
    const { propertyDependencies, inputs } = registered.one("aws:ec2/vpcEndpoint:VpcEndpoint", "-ssm");
    assert.equal((inputs.subnetIds as string[]).length, 2);
    assert.ok(
      propertyDependencies.subnetIds?.every((urn) => /network-app-us-east-1[ab]$/.test(urn)),
      String(propertyDependencies.subnetIds),
    );
    const rule = registered.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs;
    assert.deepEqual([rule.cidrIpv4, rule.fromPort, rule.toPort], ["10.0.0.0/16", 443, 443]);
    const gateway = registered.one("aws:ec2/vpcEndpoint:VpcEndpoint", "-s3").inputs;
    assert.equal((gateway.routeTableIds as string[]).length, 7, "every route table, the Local Zone's too");
  });

  it("lets only the account's own principals through an endpoint", () => {
    const [own, ...others] = endpointPolicy("ssm", testCloud).Statement;
    assert.deepEqual(own?.Condition, { StringEquals: { "aws:PrincipalAccount": testCloud.accountId } });
    assert.equal(others.length, 0);
    const aws = endpointPolicy("s3", testCloud).Statement[1];
    assert.equal(aws?.Action, "s3:GetObject");
    assert.ok((aws.Resource as string[]).every((arn) => arn.startsWith("arn:aws:s3:::") && arn !== "arn:aws:s3:::*"));
  });

  it("logs all traffic to an encrypted group with the retention asked for", async () => {
    const registered = await build();
    const group = registered.one("aws:cloudwatch/logGroup:LogGroup");
    assert.equal(group.inputs.retentionInDays, 90);
    assert.match(group.propertyDependencies.kmsKeyId?.[0] ?? "", /network-flow-logs-key$/);
    const log = registered.one("aws:ec2/flowLog:FlowLog").inputs;
    assert.deepEqual([log.trafficType, log.maxAggregationInterval], ["ALL", 60]);
    assert.equal(registered.one("aws:kms/key:Key").inputs.enableKeyRotation, true);
    const delivery = JSON.parse(String(registered.one("aws:iam/rolePolicy:RolePolicy").inputs.policy)) as {
      Statement: { Action: unknown }[];
    };
    assert.ok(!JSON.stringify(delivery.Statement.map(({ Action }) => Action)).includes("*"));
  });

  describe("in a Local Zone", () => {
    const withEgress = (egress: "nat" | "local-nat" | "elastic-ip" | "none", nat: TradingVpcArgs["nat"] = "single") =>
      build({ nat, localZones: [{ zone: "us-east-1-chi-2a", cidr: "10.0.250.0/24", egress, optIn: true }] });

    it("opts into the zone group first, and never opts out", async () => {
      const registered = await withEgress("nat");
      const group = registered.one("aws:ec2/availabilityZoneGroup:AvailabilityZoneGroup");
      assert.deepEqual(group.inputs, { groupName: "us-east-1-chi-2", optInStatus: "opted-in" });
      assert.equal(group.retainOnDelete, true);
      const subnet = registered.one("aws:ec2/subnet:Subnet", "local-us-east-1-chi-2a");
      assert.equal(subnet.inputs.availabilityZone, "us-east-1-chi-2a");
      assert.ok(subnet.dependencies.includes(group.urn));
    });

    it("goes out as asked: through the Region, by itself, by elastic IPs, or not at all", async () => {
      const target = async (egress: Parameters<typeof withEgress>[0]) => {
        const registered = await withEgress(egress);
        const route = registered
          .ofType("aws:ec2/route:Route")
          .find(({ name }) => name.endsWith("local-us-east-1-chi-2a-out"));
        return (
          route &&
          Object.values(route.propertyDependencies)
            .flat()
            .map((urn) => urn.split("::").at(-1))
            .sort()
        );
      };
      assert.deepEqual(await target("nat"), ["network-local-us-east-1-chi-2a", "network-nat-us-east-1a"]);
      assert.deepEqual(await target("local-nat"), [
        "network-local-nat-us-east-1-chi-2a",
        "network-local-us-east-1-chi-2a",
      ]);
      assert.deepEqual(await target("elastic-ip"), ["network-igw", "network-local-us-east-1-chi-2a"]);
      assert.equal(await target("none"), undefined);
    });

    it("takes the NAT gateway's address from the zone's own border group", async () => {
      const address = (await withEgress("local-nat", "none")).one("aws:ec2/eip:Eip");
      assert.equal(address.inputs.networkBorderGroup, "us-east-1-chi-2");
      assert.equal(zoneGroupOf("us-west-2-lax-1b"), "us-west-2-lax-1");
    });

    it("is refused an egress through a NAT gateway that is not there", async () => {
      assert.match(
        await refusal({ nat: "none", localZones: [{ zone: "us-east-1-chi-2a", egress: "nat", optIn: true }] }),
        /network\.localZones\[0\]\.egress: sends us-east-1-chi-2a through the Region's NAT gateway, and there is none/,
      );
    });
  });

  describe("refuses", () => {
    it("NAT without public subnets", async () => {
      assert.match(await refusal({ subnets: { public: [] } }), /network\.nat: needs public subnets/);
    });

    it("interface endpoints without app subnets", async () => {
      assert.match(await refusal({ subnets: { app: [] } }), /network\.endpoints\.interface: live in the app subnets/);
    });

    it("a layout that would replace a subnet, unless it is asked for", async () => {
      const previousLayout = { cidr: "10.0.0.0/16", subnets: { "app-us-east-1a": "10.0.1.0/24" } };
      assert.match(await refusal({ previousLayout }), /app-us-east-1a had 10\.0\.1\.0\/24 in the last deployment/);
      await build({ previousLayout, allowSubnetReplacement: true });
    });

    it("before anything is registered", async () => {
      const registered: string[] = [];
      await assert.rejects(
        register(() => {
          try {
            new TradingVpc("network", { ...base, cidr: "10.0.0.0/8" });
          } catch (error) {
            registered.push((error as Error).message);
            throw error;
          }
        }),
        /network\.cidr: has a size that AWS does not allow for a VPC/,
      );
      assert.equal(registered.length, 1);
    });
  });
});

describe("network ACLs", () => {
  const opens = (entries: readonly AclEntry[], port: number, protocol: "tcp" | "udp" = "tcp") =>
    entries.some(
      ({ cidrBlock, action, protocol: its, fromPort, toPort }) =>
        cidrBlock === defaultRoute &&
        action === "allow" &&
        (its === "-1" || (its === protocol && fromPort <= port && port <= toPort)),
    );

  for (const tier of ["public", "app", "data"] as const) {
    for (const reachesS3 of [true, false]) {
      it(`never open SSH or remote desktop to the internet (${tier}${reachesS3 ? ", S3" : ""})`, () => {
        const { ingress } = aclRules(tier, "10.0.0.0/16", reachesS3);
        for (const port of [20, 21, 22, 3389]) assert.equal(opens(ingress, port), false, String(port));
        assert.equal(new Set(ingress.map(({ ruleNo }) => ruleNo)).size, ingress.length, "rule numbers are unique");
      });
    }
  }

  it("open 443, 80 and answers on the public tier, answers only on the app tier, nothing on the data tier", () => {
    const ports = [80, 443, 1024, 3388, 3390, 65535];
    const open = (tier: "public" | "app" | "data", s3 = false) =>
      ports.filter((port) => opens(aclRules(tier, "10.0.0.0/16", s3).ingress, port));
    assert.deepEqual(open("public"), ports);
    assert.deepEqual(open("app"), [1024, 3388, 3390, 65535]);
    assert.deepEqual(open("data"), []);
    assert.deepEqual(open("data", true), [1024, 3388, 3390, 65535]);
  });

  it("let the data tier out to the VPC only, and to S3 by TLS when asked", () => {
    assert.equal(opens(aclRules("data", "10.0.0.0/16", false).egress, 443), false);
    assert.equal(opens(aclRules("data", "10.0.0.0/16", true).egress, 443), true);
    assert.equal(opens(aclRules("data", "10.0.0.0/16", true).egress, 80), false);
  });
});

describe("zones", () => {
  it("never take a Local Zone, though AWS lists opted-in ones first", () => {
    assert.deepEqual(firstZones(["us-east-1-chi-2a", "us-east-1b", "us-east-1a"], 2, "us-east-1"), [
      "us-east-1a",
      "us-east-1b",
    ]);
  });

  it("are refused with the list when the Region has fewer", () => {
    assert.throws(
      () => firstZones(["us-east-1a"], 2, "us-east-1"),
      /network\.zones: asks for more zones than us-east-1 offers this account[^]*at most 1: us-east-1a/,
    );
  });
});
