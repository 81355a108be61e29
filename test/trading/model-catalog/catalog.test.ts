import assert from "node:assert/strict";
import fc from "fast-check";
import { describeRejected } from "../../../components/common/report";
import { CatalogBuilder, type Catalog } from "../../../components/trading/model-catalog/catalog";

function catalogOf(keys: readonly string[]): Catalog {
  const builder = new CatalogBuilder("models/");
  for (const key of keys) builder.add(key);
  return builder.build("listing");
}

const model = (symbol: string, outer = 1) => `models/lstm/${symbol}/m-outer_${outer}_inner_0`;

describe("CatalogBuilder", () => {
  it("sorts by code units, not by a language's order", () => {
    const catalog = catalogOf([model("b"), model("a"), model("Z"), model("é"), model("B")]);
    assert.deepEqual(
      catalog.accepted.map(({ symbol }) => symbol),
      ["B", "Z", "a", "b", "é"],
    );
  });

  it("counts the files of one folder as one model", () => {
    const catalog = catalogOf([`${model("A")}/`, `${model("A")}/model.pkl`, `${model("A")}/meta.json`]);
    assert.deepEqual(catalog.accepted, [
      { key: model("A"), type: "lstm", symbol: "A", model: "m", outer: 1, inner: 0, artifact: "folder" },
    ]);
    assert.deepEqual(catalog.rejected, []);
  });

  it("reports a folder that holds nothing", () => {
    const catalog = catalogOf([`${model("A")}/`]);
    assert.deepEqual(catalog.accepted, []);
    assert.deepEqual(catalog.rejected, [
      { key: `${model("A")}/`, reason: "is an empty folder: no artifact lies under it" },
    ]);
  });

  it("reports a key that is listed twice, and deploys it once", () => {
    const catalog = catalogOf([model("A"), model("B"), model("A")]);
    assert.equal(catalog.accepted.length, 2);
    assert.deepEqual(catalog.rejected, [{ key: model("A"), reason: "duplicate: is listed 2 times and counts once" }]);
  });

  it("takes the object where a folder has the same name, and says so", () => {
    const keys = [model("A"), `${model("A")}/model.pkl`, `${model("A")}/x`];
    for (const order of [keys, keys.toReversed()]) {
      const catalog = catalogOf(order);
      assert.equal(catalog.accepted[0]?.artifact, "object");
      assert.deepEqual(catalog.rejected, [
        {
          key: `${model("A")}/`,
          reason: "duplicate: the object without the slash is the artifact; 2 under this folder are not fetched",
        },
      ]);
    }
  });

  it("gives the same catalog for every order of the keys", () => {
    const key = fc.oneof(
      fc
        .tuple(fc.constantFrom("A", "B", "BRK.B", "日"), fc.nat({ max: 3 }))
        .map(([symbol, outer]) => model(symbol, outer)),
      fc.constantFrom(`${model("A")}/`, `${model("A")}/f`, "models/x", "models/", "other", `${model("B")}.pkl`),
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (keys, random) => {
        const shuffled = keys
          .map((value) => ({ value, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ value }) => value);
        assert.deepEqual(catalogOf(shuffled), catalogOf(keys));
      }),
    );
  });

  it("accounts for every key of 10,000 of which a third are malformed", () => {
    const keys = Array.from({ length: 10_000 }, (_, n) =>
      n % 3 === 0 ? `models/lstm/S${n}/m-outer_x${n}_inner_0` : model(`S${n}`, n),
    );
    const catalog = catalogOf(keys);
    assert.equal(catalog.rejected.length, 3334);
    assert.equal(catalog.accepted.length, 6666);
  });
});

describe("describeRejected", () => {
  it("groups reasons that differ only in what they quote, and shows the first keys of each", () => {
    const text = describeRejected(
      catalogOf([
        model("A"),
        ...["p", "q", "r", "s"].map((name) => `models/lstm/A/${name}`),
        "models/lstm/A/$(reboot)\u001b",
        "other",
      ]),
    );
    assert.deepEqual(text.split("\n"), [
      "listing: 6 keys are not models (1 are)",
      '  4 × does not end with <model>-outer_X_inner_Y: "models/lstm/A/p", "models/lstm/A/q", "models/lstm/A/r", and 1 more',
      '  1 × contains a control character: "models/lstm/A/$(reboot)\\u001b"',
      '  1 × lies outside the prefix models/: "other"',
    ]);
  });

  it("speaks of one key in the singular", () => {
    assert.match(
      describeRejected(catalogOf(["other"])),
      /^listing: 1 key is not a model \(0 are\)\n {2}1 × lies outside/,
    );
  });
});
