import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { decodeUserData } from "../../components/common/user-data";
import { Redactor } from "../../plan/evaluate/redact";
import { projectRoot } from "../../plan/settings/project";
import { evaluated, stackFiles } from "../support/every-stack";

interface Place {
  readonly at: string;
  readonly text: string;
  readonly marked: boolean;
}

/** A text in every form that it can be read in: as it is, out of base64, unpacked. */
function readings(text: string): string[] {
  if (text.length < 24 || !/^[\w+/=\s-]+$/.test(text)) return [text];
  const bytes = Buffer.from(text, "base64");
  const unpacked = bytes[0] === 0x1f && bytes[1] === 0x8b ? [gunzipSync(bytes).toString("utf8")] : [];
  return [...new Set([text, bytes.toString("utf8"), decodeUserData(text), ...unpacked])];
}

/** Every text inside a value, with whether it is marked as a secret. */
function* placesOf(value: unknown, at: string, marked = false): Generator<Place> {
  if (typeof value === "string") for (const text of readings(value)) yield { at, text, marked };
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* placesOf(item, `${at}[${index}]`, marked);
  else if (value !== null && typeof value === "object") {
    const fields = value as Record<string, unknown>;
    if (fields[pulumi.runtime.specialSigKey] === pulumi.runtime.specialSecretSig)
      yield* placesOf(fields.value, at, true);
    else for (const [name, inner] of Object.entries(fields)) yield* placesOf(inner, `${at}.${name}`, marked);
  }
}

describe("secrets in clear text", () => {
  it("are found in every form by this very search", () => {
    const secret = "Planted0x7f3a9Kq2";
    const script = `export TOKEN=${secret} # and more`;
    const forms = {
      plain: script,
      encoded: Buffer.from(script).toString("base64"),
      packed: gzipSync(script).toString("base64"),
    };
    const hit = [...placesOf({ list: [forms] }, "r")].filter(({ text }) => text.includes(secret));
    assert.deepEqual(
      hit.map(({ at }) => at),
      ["r.list[0].plain", "r.list[0].encoded", "r.list[0].packed"],
    );
  });

  for (const file of stackFiles) {
    it(`${file}: no input, user data, output or plan holds one that is not marked`, async () => {
      const { result, planted } = await evaluated(file);
      assert.ok(planted.length > 0);
      const places = [
        ...result.resources.flatMap(({ urn, inputs }) => [...placesOf(inputs, urn)]),
        ...placesOf(result.markedOutputs, "outputs"),
        ...result.log.map(({ message }) => ({ at: "log", text: message, marked: false })),
      ];
      const holding = places.filter(({ text }) => planted.some(({ value }) => text.includes(value)));
      assert.deepEqual(
        holding.filter(({ marked }) => !marked).map(({ at }) => at),
        [],
      );
      assert.ok(holding.length > 0, "the planted secrets go nowhere: nothing is tested");
      const redactor = new Redactor(projectRoot());
      for (const { inputs } of result.resources) redactor.learn(inputs);
      redactor.learn(result.markedOutputs);
      const shown = JSON.stringify([
        result.resources.map(({ inputs }) => redactor.value(inputs)),
        redactor.value(result.markedOutputs),
        places.map(({ text }) => redactor.text(text)),
      ]);
      for (const { of, value } of planted) assert.ok(!shown.includes(value), `${of} is in the planner's output`);
    });
  }
});
