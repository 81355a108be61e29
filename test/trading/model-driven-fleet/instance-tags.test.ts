import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { stableName } from "../../../components/common/naming";
import { parseKey } from "../../../lambdas/common/model-key";
import { modelTags, splitValue } from "../../../components/trading/model-driven-fleet/instance-tags";

const part = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 250 })
  .filter((text) => text.trim() === text && !/[/\p{Cc}\p{Cs}]/u.test(text) && text !== "." && text !== "..");
const modelKey = fc
  .tuple(part, part, part)
  .map(([type, symbol, model]) => `models/${type}/${symbol}/${model}-outer_3_inner_12`)
  .filter((key) => Buffer.byteLength(key) <= 1024);

function tagsOf(key: string): Record<string, string> {
  const parsed = parseKey(key, "models/");
  assert.ok(parsed.kind === "object", key);
  return modelTags({ ...parsed.model, artifact: "object" });
}

/** What the instance's script reads: a tag and its numbered continuations. */
function joined(tags: Record<string, string>, tag: string): string {
  let text = tags[tag] ?? "";
  for (let n = 2; `${tag}-${n}` in tags; n++) text += tags[`${tag}-${n}`]!;
  return text;
}

describe("modelTags", () => {
  it("says a model", () => {
    assert.deepEqual(tagsOf("models/momentum/BRK.B/lstm-outer_3_inner_12"), {
      Name: "momentum/BRK.B/lstm-outer_3_inner_12",
      "model-key": "models/momentum/BRK.B/lstm-outer_3_inner_12",
      "model-type": "momentum",
      "model-symbol": "BRK.B",
      "model-name": "lstm",
      "model-outer": "3",
      "model-inner": "12",
      "model-artifact": "object",
      "model-check": createHash("sha256")
        .update("models/momentum/BRK.B/lstm-outer_3_inner_12")
        .digest("hex")
        .slice(0, 16),
    });
  });

  it("gives every text back, within EC2's and the metadata service's limits", () => {
    fc.assert(
      fc.property(modelKey, (key) => {
        const parsed = parseKey(key, "models/");
        assert.ok(parsed.kind === "object");
        const tags = tagsOf(key);
        assert.equal(joined(tags, "model-key"), key);
        assert.equal(joined(tags, "model-type"), parsed.model.type);
        assert.equal(joined(tags, "model-symbol"), parsed.model.symbol);
        assert.equal(joined(tags, "model-name"), parsed.model.model);
        for (const [name, value] of Object.entries(tags)) {
          assert.match(name, /^[\w+.,:@=-]{1,128}$/);
          assert.ok(value.length >= 1 && value.length <= 256);
          assert.doesNotMatch(value, /\p{Cs}/u);
        }
        assert.ok(Object.keys(tags).length <= 30);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps hostile names as data, and 200 characters of a symbol", () => {
    assert.equal(tagsOf("models/t/$(reboot)/`id`-outer_0_inner_0")["model-symbol"], "$(reboot)");
    assert.equal(tagsOf(`models/t/${"S".repeat(200)}/m-outer_0_inner_0`)["model-symbol"], "S".repeat(200));
  });
});

describe("splitValue", () => {
  it("does not cut a character", () => {
    const text = `${"x".repeat(255)}🚀y`;
    assert.deepEqual(splitValue(text), ["x".repeat(255), "🚀y"]);
  });
});

describe("stableName of a model's key", () => {
  it("differs where the keys do, in whatever they differ, and stays a name", () => {
    const names = [
      "t/BRK.B/m",
      "t/BRK-B/m",
      "t/brk.b/m",
      "t/日経/m",
      "t/東証/m",
      `t/${"S".repeat(200)}/m`,
      "t/$(x)/m",
    ].map((key) => stableName(key));
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z0-9-]{10,60}$/);
  });

  it("is unique for any two keys", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
        fc.pre(one !== other && !/\p{Cs}/u.test(`${one} ${other}`));
        assert.notEqual(stableName(one), stableName(other));
      }),
    );
  });
});
