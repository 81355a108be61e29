import assert from "node:assert/strict";
import fc from "fast-check";
import { everyStack } from "../../plan/checkov/run";
import { UsageError } from "../../plan/failure";
import type { Plan } from "../../plan/json";
import { makePlan } from "../../plan/plan";
import { block, contains, isPublic, overlap } from "../../plan/reach/addresses";
import { Network, renderReach } from "../../plan/reach/reach";
import { projectRoot } from "../../plan/settings/project";
import { plan as run } from "./support/cli";
import { resource } from "./support/fixture";

interface Shape {
  readonly route?: boolean;
  readonly rule?: Record<string, unknown> | undefined;
  readonly acl?: readonly Record<string, unknown>[];
}

/** A subnet with one host behind one security group. */
function network({ route = true, rule, acl }: Shape): Network {
  const vpc = resource("aws:ec2/vpc:Vpc", "vpc");
  const subnet = resource("aws:ec2/subnet:Subnet", "app", { cidrBlock: "10.0.1.0/24" }, { vpcId: vpc });
  const other = resource("aws:ec2/subnet:Subnet", "other", { cidrBlock: "10.0.2.0/24" }, { vpcId: vpc });
  const gateway = resource("aws:ec2/internetGateway:InternetGateway", "igw", {}, { vpcId: vpc });
  const table = resource("aws:ec2/routeTable:RouteTable", "table", {}, { vpcId: vpc });
  const association = resource(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "a",
    {},
    { subnetId: subnet, routeTableId: table },
  );
  const out = resource(
    "aws:ec2/route:Route",
    "out",
    { destinationCidrBlock: "0.0.0.0/0" },
    { routeTableId: table, gatewayId: gateway },
  );
  const group = resource("aws:ec2/securityGroup:SecurityGroup", "sg", {}, { vpcId: vpc });
  const host = resource("aws:ec2/instance:Instance", "host", {}, { subnetId: subnet, vpcSecurityGroupIds: group });
  const ingress =
    rule &&
    resource(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      "in",
      { ipProtocol: "tcp", fromPort: 443, toPort: 443, ...rule },
      { securityGroupId: group },
    );
  const list =
    acl &&
    resource(
      "aws:ec2/networkAcl:NetworkAcl",
      "acl",
      { ingress: acl, egress: [{ ruleNo: 1, action: "allow", protocol: "-1", cidrBlock: "0.0.0.0/0" }] },
      { subnetIds: subnet },
    );
  const resources = [
    vpc,
    subnet,
    other,
    gateway,
    table,
    association,
    group,
    host,
    ...(route ? [out] : []),
    ...(ingress ? [ingress] : []),
    ...(list ? [list] : []),
  ];
  return new Network({ resources } as unknown as Plan);
}

const open = { cidrIpv4: "0.0.0.0/0" };

/** Stacks that keep no database: a host in the Local Zone and one that watches it. */
const withoutDataSubnets = ["local-zone-trader"];

describe("reachability", () => {
  it("needs a route, a network ACL and a security group that let through", () => {
    assert.equal(network({ rule: open }).ask("internet", "host", 443).reachable, true);
    assert.equal(network({ rule: { cidrIpv6: "::/0" } }).ask("internet", "host", 443).reachable, true);
    assert.equal(network({ rule: { cidrIpv4: "203.0.113.0/24" } }).ask("internet", "host", 443).reachable, true);
    const stopped = (shape: Shape, port: number, why: RegExp) => {
      const reach = network(shape).ask("internet", "host", port);
      assert.equal(reach.reachable, false);
      assert.match(renderReach(reach), why);
    };
    stopped({ rule: open }, 444, /NO {3}security group sg has no rule that lets it in/);
    stopped({}, 443, /security group sg has no rule/);
    stopped({ rule: { cidrIpv4: "10.0.0.0/8" } }, 443, /security group sg has no rule/);
    stopped({ rule: open, route: false }, 443, /NO {3}no route to an internet gateway in table/);
    stopped({ rule: open, acl: [] }, 443, /NO {3}network ACL acl has no rule/);
  });

  it("goes by the lowest number of a network ACL", () => {
    const entry = (ruleNo: number, action: string, cidrBlock = "0.0.0.0/0") => ({
      ruleNo,
      action,
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlock,
    });
    const ask = (...acl: Record<string, unknown>[]) =>
      network({ rule: open, acl }).ask("internet", "host", 443).reachable;
    assert.equal(ask(entry(200, "allow"), entry(100, "deny")), false);
    assert.equal(ask(entry(100, "allow"), entry(200, "deny")), true);
    assert.equal(ask(entry(100, "deny", "203.0.113.0/24"), entry(200, "allow")), true, "a deny of some denies not all");
    assert.equal(ask(entry(100, "allow", "10.0.0.0/8")), false, "a private block lets nobody in from the internet");
  });

  it("names what lets through", () => {
    const text = renderReach(network({ rule: open }).ask("internet", "host", 443));
    assert.match(text, /^internet reaches host on port 443/);
    assert.match(text, /route out leads to the internet gateway/);
    assert.match(text, /security group sg lets in 443 by in/);
    assert.equal(network({ rule: { cidrIpv4: "10.0.2.0/24" } }).ask("other", "host", 443).reachable, true);
    assert.equal(network({ rule: { cidrIpv4: "10.0.3.0/24" } }).ask("other", "host", 443).reachable, false);
  });

  it("refuses names that it does not know", () => {
    assert.throws(
      () => network({}).ask("internet", "hots", 443),
      (error: unknown) => error instanceof UsageError && /nothing named hots[\s\S]*app, other/.test(error.message),
    );
    assert.throws(() => network({}).ask("sg", "host", 443), /sg stands in no subnet/);
    assert.throws(() => network({}).ask("host", "internet", 443), /a source here/);
  });

  for (const { name: stack, configFile } of everyStack(projectRoot())) {
    it(`nothing on the internet reaches a data subnet of ${stack}, on any port`, async () => {
      const where = configFile ? { configFile } : { stack };
      const { plan } = await makePlan({ root: projectRoot(), ...where, policies: false });
      const asked = new Network(plan);
      const data = asked.subnets().filter((name) => name.includes("-data-"));
      assert.equal(data.length === 0, withoutDataSubnets.includes(stack), `${data.length} data subnets`);
      for (const name of data) {
        for (const port of [22, 443, 5432, 6379, 8080])
          assert.equal(asked.ask("internet", name, port).reachable, false, name);
      }
    });
  }

  it("answers on the command line", async () => {
    const { status, stdout, stderr } = await run([
      "prod",
      "--no-policy",
      "--reach",
      "internet",
      "data-postgres-primary:5432",
    ]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^internet does not reach data-postgres-primary on port 5432/);
    const wrong = await run(["prod", "--reach", "internet", "data-postgres-primary"]);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /is not <from> <to:port>/);
  });

  it("compares blocks as sets of addresses", () => {
    const part = fc.integer({ min: 0, max: 255 });
    const cidr = fc.tuple(part, part, part, part, fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(cidr, cidr, ([a, b, c, d, bits], [e, f, g, h, more]) => {
        const one = block(`${a}.${b}.${c}.${d}/${bits}`)!;
        const two = block(`${e}.${f}.${g}.${h}/${more}`)!;
        const ends = ({ base, bits: size }: typeof one) => [base, base + 2 ** (32 - size) - 1] as const;
        const [low, high] = ends(one);
        const [from, to] = ends(two);
        assert.equal(contains(one, two), low <= from && to <= high);
        assert.equal(overlap(one, two), low <= to && from <= high);
      }),
    );
    assert.equal(block("300.0.0.0/8"), undefined);
    assert.deepEqual(["8.8.8.8/32", "10.1.0.0/16", "::/0", "fd00::/8"].map(isPublic), [true, false, true, false]);
  });
});
