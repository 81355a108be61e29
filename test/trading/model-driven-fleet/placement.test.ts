import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chooseNode,
  placeModels,
  shardOf,
  usableAddresses,
} from "../../../components/trading/model-driven-fleet/placement";

const keys = fc.uniqueArray(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 50 });
const nodes = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
const manyKeys = Array.from({ length: 10_000 }, (_, n) => `models/lstm/S${n % 997}/m${n}-outer_0_inner_0`);

describe("chooseNode", () => {
  it("does not look at the order of the nodes", () => {
    fc.assert(
      fc.property(fc.string(), nodes, (key, all) => {
        assert.equal(chooseNode(key, all), chooseNode(key, all.toReversed()));
      }),
    );
  });

  it("moves keys only to a node that is added", () => {
    fc.assert(
      fc.property(keys, nodes, fc.string({ minLength: 1 }), (all, before, added) => {
        fc.pre(!before.includes(added));
        for (const key of all) {
          const now = chooseNode(key, [...before, added]);
          assert.ok(now === added || now === chooseNode(key, before));
        }
      }),
    );
  });

  it("spreads keys evenly", () => {
    const subnets = ["us-east-1a 10.0.0.0/20", "us-east-1b 10.0.16.0/20", "us-east-1c 10.0.32.0/20"];
    for (const subnet of subnets) {
      const share = manyKeys.filter((key) => chooseNode(key, subnets) === subnet).length / manyKeys.length;
      assert.ok(share > 0.31 && share < 0.36, `${subnet} has ${share}`);
    }
  });

  it("refuses to choose from nothing", () => {
    assert.throws(() => chooseNode("key", []), new RangeError("There is no node to choose from"));
  });
});

describe("shardOf", () => {
  it("puts each of 10,000 models into exactly one of 10 shards, about 1,000 each", () => {
    const sizes = Array.from({ length: 10 }, () => 0);
    for (const key of manyKeys) sizes[shardOf(key, 10)]!++;
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      10_000,
    );
    for (const size of sizes) assert.ok(size > 880 && size < 1120, sizes.join(" "));
  });

  it("moves a model only to the new shard when one is added", () => {
    const moved = manyKeys.filter((key) => shardOf(key, 10) !== shardOf(key, 11));
    assert.ok(moved.every((key) => shardOf(key, 11) === 10));
    assert.ok(moved.length > 800 && moved.length < 1020, String(moved.length));
  });

  it("has all of it where there is one shard", () => {
    assert.equal(shardOf("anything", 1), 0);
  });
});

describe("placeModels", () => {
  const subnets = [
    { id: "subnet-a", zone: "us-east-1a", cidr: "10.0.0.0/24" },
    { id: "subnet-b", zone: "us-east-1b", cidr: "10.0.1.0/24" },
  ];

  it("moves no other model when one comes or goes", () => {
    fc.assert(
      fc.property(keys, fc.nat(), (all, at) => {
        const gone = all[at % all.length]!;
        const before = placeModels(
          all.map((key) => ({ key })),
          subnets,
        );
        const after = placeModels(
          all.filter((key) => key !== gone).map((key) => ({ key })),
          subnets,
        );
        before.delete(gone);
        assert.deepEqual([...after], [...before]);
      }),
    );
  });

  it("knows what AWS keeps of a subnet", () => {
    assert.equal(usableAddresses("10.0.0.0/24"), 251);
    assert.equal(usableAddresses("10.0.0.0/28"), 11);
  });
});
