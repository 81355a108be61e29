import assert from "node:assert/strict";
import { containsCidr, overlapCidr } from "cidr-tools";
import fc from "fast-check";
import {
  checkReplacements,
  checkSubnetPlan,
  computedBlock,
  isBlock,
  layoutOf,
  maxComputedZones,
  planSubnets,
  tiers,
  type SubnetPlanArgs,
} from "../../components/network/subnet-plan";

const zones = (count: number) => Array.from({ length: count }, (_, index) => `us-east-1${"abcdefgh"[index] ?? ""}`);
const layout = (changes: Partial<SubnetPlanArgs> = {}): SubnetPlanArgs => ({
  cidr: "10.0.0.0/16",
  zones: zones(2),
  subnets: {},
  localZones: [],
  ...changes,
});
const messages = (changes: Partial<SubnetPlanArgs>, region = "us-east-1") =>
  checkSubnetPlan(layout(changes), region).map(({ path, problem }) => `${path}: ${problem}`);

/** Any VPC block that computed layouts accept, aligned to its prefix. */
const anyVpcBlock = fc.tuple(fc.integer({ min: 16, max: 22 }), fc.nat({ max: 2 ** 16 - 1 })).map(([prefix, seed]) => {
  const address = (10 * 2 ** 24 + seed * 2 ** 8) & -(2 ** (32 - prefix));
  return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")}/${prefix}`;
});

describe("subnet plan", () => {
  it("computes blocks inside the VPC that never overlap, for every size and number of zones", () => {
    fc.assert(
      fc.property(
        anyVpcBlock,
        fc.integer({ min: 1, max: maxComputedZones }),
        fc.integer({ min: 0, max: 4 }),
        (cidr, count, local) => {
          const localZones = Array.from({ length: local }, (_, index) => ({
            zone: `us-east-1-chi-${index + 1}a`,
            egress: "local-nat" as const,
          }));
          const args = layout({ cidr, zones: zones(count), localZones });
          assert.deepEqual(checkSubnetPlan(args, "us-east-1"), []);
          const planned = planSubnets(args);
          assert.equal(planned.length, 3 * count + 2 * local);
          for (const [index, one] of planned.entries()) {
            assert.ok(isBlock(one.cidr) && containsCidr(cidr, one.cidr), `${one.cidr} in ${cidr}`);
            assert.ok(planned.slice(index + 1).every((other) => !overlapCidr(one.cidr, other.cidr)));
          }
        },
      ),
    );
  });

  it("never moves a subnet when a zone is appended", () => {
    fc.assert(
      fc.property(anyVpcBlock, fc.integer({ min: 1, max: maxComputedZones - 1 }), (cidr, count) => {
        const before = layoutOf(cidr, planSubnets(layout({ cidr, zones: zones(count) })));
        const after = layoutOf(cidr, planSubnets(layout({ cidr, zones: zones(count + 1) })));
        for (const [key, block] of Object.entries(before.subnets)) assert.equal(after.subnets[key], block);
        assert.deepEqual(checkReplacements(before, after), []);
      }),
    );
  });

  it("gives a /16 the documented shares", () => {
    assert.equal(computedBlock("10.0.0.0/16", "app", 0), "10.0.0.0/20");
    assert.equal(computedBlock("10.0.0.0/16", "app", 7), "10.0.112.0/20");
    assert.equal(computedBlock("10.0.0.0/16", "public", 0), "10.0.128.0/21");
    assert.equal(computedBlock("10.0.0.0/16", "data", 1), "10.0.196.0/22");
    assert.equal(computedBlock("10.0.0.0/16", "local", 0), "10.0.224.0/22");
  });

  it("takes exact blocks as they are and computes the rest", () => {
    const planned = planSubnets(
      layout({
        zones: ["us-east-1a"],
        subnets: { public: [], app: ["10.0.1.0/24"] },
        localZones: [{ zone: "us-east-1-chi-2a", cidr: "10.0.10.0/24", egress: "nat" }],
      }),
    );
    assert.deepEqual(planned, [
      { key: "app-us-east-1a", tier: "app", zone: "us-east-1a", cidr: "10.0.1.0/24" },
      { key: "data-us-east-1a", tier: "data", zone: "us-east-1a", cidr: "10.0.192.0/22" },
      { key: "local-us-east-1-chi-2a", tier: "local", zone: "us-east-1-chi-2a", cidr: "10.0.10.0/24" },
    ]);
  });

  describe("refuses", () => {
    const cases: [string, Partial<SubnetPlanArgs>, RegExp][] = [
      ["a VPC block with host bits", { cidr: "10.0.0.1/16" }, /^cidr: is not an IPv4 block$/],
      ["a VPC block with a part above 255", { cidr: "10.0.256.0/24" }, /^cidr: is not an IPv4 block$/],
      ["a VPC block larger than /16", { cidr: "10.0.0.0/8" }, /^cidr: has a size that AWS does not allow for a VPC$/],
      ["a VPC too small to compute in", { cidr: "10.0.0.0/24" }, /^cidr: is too small to compute subnets in it/],
      ["a Local Zone among the zones", { zones: ["us-east-1a", "us-east-1-chi-2a"] }, /^zones\[1\]: is a Local Zone/],
      ["a zone of another Region", { zones: ["eu-west-1a"] }, /^zones\[0\]: is not an Availability Zone of us-east-1$/],
      ["a zone named twice", { zones: ["us-east-1a", "us-east-1a"] }, /^zones: names a zone twice$/],
      [
        "a Local Zone of another Region",
        { localZones: [{ zone: "us-west-2-lax-1a", egress: "nat" }] },
        /^localZones\[0\]\.zone: is not a Local Zone of us-east-1$/,
      ],
      ["too few exact blocks", { subnets: { app: ["10.0.1.0/24"] } }, /^subnets\.app: has 1 blocks for 2 zones/],
      [
        "a block outside the VPC",
        { zones: zones(1), subnets: { app: ["10.1.0.0/24"] } },
        /^subnets\.app\[0\]: lies outside the VPC's 10\.0\.0\.0\/16$/,
      ],
      [
        "a block below /28",
        { zones: zones(1), subnets: { app: ["10.0.0.0/29"] } },
        /^subnets\.app\[0\]: has a size that AWS does not allow/,
      ],
      [
        "a block that is none",
        { zones: zones(1), subnets: { app: ["10.0.0.7/24"] } },
        /^subnets\.app\[0\]: is not an IPv4 block$/,
      ],
      [
        "blocks that overlap",
        { zones: zones(2), subnets: { app: ["10.0.1.0/24", "10.0.1.128/25"] } },
        /^subnets: app-us-east-1a \(10\.0\.1\.0\/24\) and app-us-east-1b \(10\.0\.1\.128\/25\) overlap$/,
      ],
      [
        "an exact block over a computed one",
        { zones: zones(1), localZones: [{ zone: "us-east-1-chi-2a", cidr: "10.0.3.0/24", egress: "nat" }] },
        /^subnets: app-us-east-1a \(10\.0\.0\.0\/20\) and local-us-east-1-chi-2a \(10\.0\.3\.0\/24\) overlap$/,
      ],
      [
        "more zones than a computed layout holds",
        { zones: Array.from("abcdefghi").map((letter) => `us-east-1${letter}`) },
        /^zones: are more than a computed layout has room for$/,
      ],
      [
        "more Local Zones than a computed layout holds",
        {
          localZones: [1, 2, 3, 4, 5].map((number) => ({ zone: `us-east-1-chi-${number}a`, egress: "none" as const })),
        },
        /^localZones: are more than a computed layout has room for$/,
      ],
    ];
    for (const [what, changes, message] of cases) {
      it(what, () => {
        const found = messages(changes);
        assert.equal(found.length, 1, found.join("\n"));
        assert.match(found[0] ?? "", message);
      });
    }
  });

  it("says what is wrong with a block that is none", () => {
    const fixOf = (cidr: string) => checkSubnetPlan(layout({ cidr }), "us-east-1")[0]?.fix;
    assert.equal(fixOf("10.10.0.0/99"), "The prefix /99 is more than the 32 bits of an address.");
    assert.equal(fixOf("10.0.256.0/24"), "A part of the address is above 255.");
    assert.equal(fixOf("10.0.0.1/16"), "The address has bits set behind the prefix.");
    const exact = checkSubnetPlan(layout({ zones: zones(1), subnets: { app: ["10.0.1.0/33"] } }), "us-east-1");
    assert.match(exact[0]?.fix ?? "", /prefix \/33 is more/);
  });

  it("accepts exact blocks for any number of zones", () => {
    const ten = Array.from("abcdefghij").map((letter) => `us-east-1${letter}`);
    const blocks = (base: number) => ten.map((_, index) => `10.0.${base + index}.0/24`);
    const subnets = { public: blocks(0), app: blocks(20), data: blocks(40) };
    assert.deepEqual(messages({ zones: ten, subnets }), []);
    assert.equal(planSubnets(layout({ zones: ten, subnets })).length, tiers.length * 10);
  });

  describe("checks a change of layout", () => {
    const before = {
      cidr: "10.0.0.0/16",
      subnets: { "app-us-east-1a": "10.0.1.0/24", "app-us-east-1b": "10.0.2.0/24" },
    };

    it("refuses to replace a subnet, and says which, what it was and what to do", () => {
      const after = { ...before, subnets: { ...before.subnets, "app-us-east-1b": "10.0.3.0/24" } };
      const [issue, ...others] = checkReplacements(before, after);
      assert.equal(others.length, 0);
      assert.match(issue?.problem ?? "", /app-us-east-1b had 10\.0\.2\.0\/24 in the last deployment/);
      assert.equal(issue?.allowed, "10.0.2.0/24");
      assert.match(issue.fix ?? "", /allowSubnetReplacement/);
    });

    it("refuses to replace the whole VPC", () => {
      assert.match(
        checkReplacements(before, { ...before, cidr: "10.1.0.0/16" })[0]?.problem ?? "",
        /was 10\.0\.0\.0\/16/,
      );
    });

    it("lets subnets come and go, and a first deployment be", () => {
      const other = {
        cidr: before.cidr,
        subnets: { "app-us-east-1a": "10.0.1.0/24", "app-us-east-1c": "10.0.2.0/24" },
      };
      assert.deepEqual(checkReplacements(before, other), []);
      assert.deepEqual(checkReplacements(undefined, other), []);
    });
  });
});
