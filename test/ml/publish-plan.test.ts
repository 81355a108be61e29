import assert from "node:assert/strict";
import fc from "fast-check";
import { parseKey } from "../../lambdas/common/model-key";
import { artifactPlace, keyOf, planChanges, recordAfter, sortVersions } from "../../lambdas/model-publish/core";

describe("what is published", () => {
  const tags = { type: "momentum", symbol: "AAPL", outer: "3", inner: "12" };
  const version = { name: "lstm", version: "7", tags };

  it("gets exactly the key that the fleet reads back", () => {
    assert.deepEqual(keyOf(version, "models/"), { key: "models/momentum/AAPL/lstm-outer_3_inner_12" });
    const word = fc.stringMatching(/^[A-Za-z0-9._=+-]{1,20}$/).filter((text) => text !== "." && text !== "..");
    const fold = fc.nat(999_999_999);
    fc.assert(
      fc.property(word, word, word, fold, fold, (type, symbol, name, outer, inner) => {
        const found = keyOf(
          { name, version: "1", tags: { type, symbol, outer: String(outer), inner: String(inner) } },
          "models/",
        );
        assert.ok("key" in found);
        const parsed = parseKey(found.key, "models/");
        assert.ok(parsed.kind === "object");
        assert.deepEqual(parsed.model, { key: found.key, type, symbol, model: name, outer, inner });
      }),
    );
  });

  const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ["tags that are missing", { symbol: "", inner: " " }, /^has no tag symbol, inner$/],
    ["a fold that is no number", { outer: "first" }, /outer fold "first"/],
    ["a fold with leading zeros", { inner: "012" }, /inner fold "012"/],
    ["a slash in a tag", { symbol: "BTC/USD" }, /^has a slash in the tag symbol$/],
    ["a slash in the name", { model: "a/b" }, /^has a slash in its name$/],
  ];
  for (const [what, changed, reason] of refused) {
    it(`is refused with ${what}`, () => {
      const found = keyOf({ ...version, tags: { ...tags, ...changed } }, "models/");
      assert.match("reason" in found ? found.reason : JSON.stringify(found), reason);
    });
  }

  it("is neither of two for one key", () => {
    const { deployable, rejected } = sortVersions(
      [version, { ...version, name: "other", tags: { ...tags, model: "lstm" } }],
      "models/",
    );
    assert.deepEqual(deployable, []);
    assert.deepEqual(
      rejected.map(({ name, reason }) => [name, reason]),
      [
        ["lstm", "has the same key as another model: models/momentum/AAPL/lstm-outer_3_inner_12"],
        ["other", "has the same key as another model: models/momentum/AAPL/lstm-outer_3_inner_12"],
      ],
    );
  });

  it("changes what changed, removes what nobody asks for, and keeps what is only mistaken", () => {
    const [a, b] = [
      { ...version, key: "models/a" },
      { ...version, name: "gru", key: "models/b" },
    ];
    const record = {
      "models/a": { name: "lstm", version: "7" },
      "models/b": { name: "gru", version: "6" },
      "models/c": { name: "old", version: "1" },
      "models/d": { name: "odd", version: "1" },
    };
    const changes = planChanges([a, b], [{ name: "odd", version: "2", reason: "has no tag type" }], record);
    assert.deepEqual([changes.publish, changes.remove, changes.unchanged], [[b], ["models/c"], 1]);
    assert.deepEqual(Object.keys(recordAfter(record, [b], ["models/c"])).sort(), ["models/a", "models/b", "models/d"]);
    assert.throws(() => planChanges([], [], record), /No model carries the alias any more, and 4 were published/);
    assert.deepEqual(planChanges([], [], {}), { publish: [], remove: [], unchanged: 0 });
  });

  it("comes from the server's own bucket only", () => {
    const artifacts = "s3://artifacts/mlflow/";
    assert.deepEqual(artifactPlace("mlflow-artifacts:/0/run/artifacts/model", artifacts), {
      bucket: "artifacts",
      prefix: "mlflow/0/run/artifacts/model/",
    });
    assert.deepEqual(artifactPlace("mlflow-artifacts://mlflow.internal/0/m/", artifacts), {
      bucket: "artifacts",
      prefix: "mlflow/0/m/",
    });
    for (const uri of ["s3://other/model", "mlflow-artifacts:/../secrets", "file:///etc"])
      assert.throws(() => artifactPlace(uri, artifacts), /do not lie in the server's own bucket/);
  });
});
