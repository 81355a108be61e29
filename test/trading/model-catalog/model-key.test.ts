import assert from "node:assert/strict";
import fc from "fast-check";
import { parseKey } from "../../../lambdas/common/model-key";

const prefix = "models/";
const reasonOf = (key: string) => {
  const parsed = parseKey(key, prefix);
  return parsed.kind === "rejected" ? parsed.reason : parsed.kind;
};

/** A part of a key as anybody may write one. */
const part = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
  .filter((text) => text.trim() === text && !/[/\p{Cc}\p{Cs}]/u.test(text) && text !== "." && text !== "..");
const fold = fc.nat({ max: 999_999_999 });

describe("parseKey", () => {
  it("reads the artifact that is an object", () => {
    assert.deepEqual(parseKey("models/momentum/AAPL/lstm-outer_3_inner_12", prefix), {
      kind: "object",
      model: {
        key: "models/momentum/AAPL/lstm-outer_3_inner_12",
        type: "momentum",
        symbol: "AAPL",
        model: "lstm",
        outer: 3,
        inner: 12,
      },
    });
  });

  it("gives a file under the folder to the folder's model", () => {
    for (const file of ["model.pkl", "deep/er/weights.bin", "folder/"]) {
      const parsed = parseKey(`models/momentum/AAPL/lstm-outer_3_inner_12/${file}`, prefix);
      assert.ok(parsed.kind === "file");
      assert.equal(parsed.model.key, "models/momentum/AAPL/lstm-outer_3_inner_12");
    }
    assert.equal(reasonOf("models/momentum/AAPL/lstm-outer_3_inner_12/"), "marker");
  });

  it("takes odd symbols and hostile names as they are", () => {
    const names = [
      "BRK.B",
      "BTC-USD",
      "日経225",
      "🚀",
      "$(reboot)",
      `"; rm -rf ~ #`,
      "`id`",
      "'",
      "S".repeat(200),
      "a b",
    ];
    for (const name of names) {
      const parsed = parseKey(`models/${name}/${name}/${name}-outer_0_inner_0`, prefix);
      assert.ok(parsed.kind === "object", name);
      assert.deepEqual([parsed.model.type, parsed.model.symbol, parsed.model.model], [name, name, name]);
    }
  });

  it("reads the last ending where a model's name holds another", () => {
    const parsed = parseKey("models/t/S/a-outer_1_inner_2-outer_3_inner_4", prefix);
    assert.ok(parsed.kind === "object");
    assert.deepEqual([parsed.model.model, parsed.model.outer, parsed.model.inner], ["a-outer_1_inner_2", 3, 4]);
  });

  const rejections: [string, string][] = [
    ["data/t/S/m-outer_1_inner_2", "lies outside the prefix models/"],
    ["", "lies outside the prefix models/"],
    ["models/", "is a folder's marker, not an artifact"],
    ["models/momentum/", "is a folder's marker, not an artifact"],
    ["models/momentum/AAPL/", "is a folder's marker, not an artifact"],
    ["models/README.md", "has 1 of the 3 parts <type>/<symbol>/<model>-outer_X_inner_Y"],
    ["models/t/m-outer_1_inner_2", "has 2 of the 3 parts <type>/<symbol>/<model>-outer_X_inner_Y"],
    ["models//AAPL/m-outer_1_inner_2", "has no type"],
    ["models/t//m-outer_1_inner_2", "has no symbol"],
    ["models/t/AAPL//m-outer_1_inner_2", "has no model"],
    ["models/../AAPL/m-outer_1_inner_2", 'has the type "..", which is a path and not a name'],
    ["models/t/./m-outer_1_inner_2", 'has the symbol ".", which is a path and not a name'],
    ["models/t/AAPL /m-outer_1_inner_2", 'has white space around the symbol "AAPL "'],
    ["models/t/AAPL/m-outer_1_inner_2 ", 'has white space around the model "m-outer_1_inner_2 "'],
    ["models/t/AAPL/lstm", 'does not end with <model>-outer_X_inner_Y: "lstm"'],
    ["models/t/AAPL/-outer_1_inner_2", 'does not end with <model>-outer_X_inner_Y: "-outer_1_inner_2"'],
    ["models/t/AAPL/m-outer_1", 'does not end with <model>-outer_X_inner_Y: "m-outer_1"'],
    [
      "models/t/AAPL/m-outer_1_inner_2.pkl",
      "ends with .pkl after inner_Y; keep files in a folder named <model>-outer_X_inner_Y",
    ],
    ["models/t/AAPL/m-outer_01_inner_2", 'has the outer fold "01"; write 0 to 999999999 without leading zeros'],
    ["models/t/AAPL/m-outer_1_inner_x", 'has the inner fold "x"; write 0 to 999999999 without leading zeros'],
    ["models/t/AAPL/m-outer_-1_inner_2", 'has the outer fold "-1"; write 0 to 999999999 without leading zeros'],
    [
      "models/t/AAPL/m-outer_1_inner_1000000000",
      'has the inner fold "1000000000"; write 0 to 999999999 without leading zeros',
    ],
    ["models/t/AAPL/m-outer_1_inner_2/../../x", "leads out of its folder with . or .."],
    ["models/t/AAPL/m-outer_1_inner_2//x", "has an empty folder name"],
    ["models/t/AA\u0000PL/m-outer_1_inner_2", "contains a control character"],
    ["models/t/AAPL\n/m-outer_1_inner_2", "contains a control character"],
    ["models/t/\ud800/m-outer_1_inner_2", "is not valid Unicode (a lone surrogate)"],
    [`models/t/${"é".repeat(600)}/m-outer_1_inner_2`, "is longer than the 1,024 bytes that S3 takes"],
  ];
  for (const [key, reason] of rejections) {
    it(`rejects ${JSON.stringify(key.slice(0, 50))}: ${reason.slice(0, 40)}`, () => {
      assert.equal(reasonOf(key), reason);
    });
  }

  it("gives back every part that it was put together from", () => {
    fc.assert(
      fc.property(part, part, part, fold, fold, (type, symbol, model, outer, inner) => {
        const key = `${prefix}${type}/${symbol}/${model}-outer_${outer}_inner_${inner}`;
        fc.pre(Buffer.byteLength(key) <= 1024);
        assert.deepEqual(parseKey(key, prefix), { kind: "object", model: { key, type, symbol, model, outer, inner } });
      }),
    );
  });

  it("reads a key at a glance as it reads one part by part", () => {
    // A file under the key is never read at a glance; its model is the key's.
    const pieces = fc.constantFrom(
      "a",
      "Z",
      "7",
      "0",
      "_",
      ".",
      "-",
      "+",
      "=",
      "@",
      " ",
      "é",
      "/",
      "-outer_",
      "_inner_",
    );
    const name = fc.array(pieces, { maxLength: 6 }).map((of) => of.join(""));
    const number = fc.constantFrom("0", "1", "01", "12", "999999999", "1000000000", "x", "-1", "");
    const keys = fc
      .tuple(name, name, name, number, number)
      .map(([type, symbol, model, outer, inner]) => `models/${type}/${symbol}/${model}-outer_${outer}_inner_${inner}`);
    fc.assert(
      fc.property(keys, (key) => {
        fc.pre(key.split("/").length === 4);
        const [whole, file] = [parseKey(key, prefix), parseKey(`${key}/weights.bin`, prefix)];
        if (whole.kind === "rejected") assert.deepEqual(file, whole);
        else assert.deepEqual(file, { kind: "file", model: whole.model });
      }),
      { numRuns: 3_000 },
    );
  });

  it("never throws, and what it accepts spells the key again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, under) => {
        const key = under ? prefix + text : text;
        const parsed = parseKey(key, prefix);
        if (parsed.kind === "rejected") assert.ok(parsed.reason.length > 0);
        else assert.ok(key.startsWith(parsed.model.key));
      }),
    );
  });
});
