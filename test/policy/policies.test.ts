import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { families } from "../../policy/families";
import { tables } from "./cases";
import { check, kinds } from "./support/tables";

const sources = new Map<string, string>();

/** Everything that a module of a provider's SDK declares, as text. */
function sourceOf(provider = "", path = ""): string {
  const module = path === "index" ? "." : (path.split("/")[0] ?? "");
  const folder = join(require.resolve(`@pulumi/${provider}`), "..", module);
  const known = sources.get(folder);
  if (known !== undefined) return known;
  const files = readdirSync(folder).filter((file) => file.endsWith(".js") && !file.startsWith("get"));
  const text = files.map((file) => readFileSync(join(folder, file), "utf8")).join("");
  sources.set(folder, text);
  return text;
}

describe("policies", () => {
  for (const { policy, rows } of tables) {
    describe(policy, () => {
      rows.forEach((row, index) => {
        const types = row.given.map(({ type }) => type.split(":").at(-1)).join(", ");
        it(`${row.kind} ${index + 1}: ${types || "an empty stack"}`, () => check(policy, row));
      });
    });
  }

  it("have a table each, with every kind of case", () => {
    const policies = families.flatMap((family) => family.policies).map(({ name }) => name);
    assert.deepEqual(tables.map(({ policy }) => policy).sort(), [...policies].sort());
    const lacking = tables.flatMap(({ policy, rows }) =>
      kinds.filter((kind) => !rows.some((row) => row.kind === kind)).map((kind) => `${policy}: ${kind}`),
    );
    assert.deepEqual(lacking, []);
  });

  it("look at types and write cases of types that the providers really have", () => {
    const types = new Set([
      ...families.flatMap((family) => family.policies).flatMap(({ rules }) => (rules ?? []).map(({ type }) => type)),
      ...tables.flatMap(({ rows }) => rows.flatMap(({ given }) => given.map(({ type }) => type))),
    ]);
    const strange = [...types].filter((type) => {
      const [provider, path] = type.split(":");
      if (type.startsWith("trading:") || type.startsWith("pulumi:")) return false;
      return !sourceOf(provider, path).includes(`'${type}'`);
    });
    assert.deepEqual(strange, []);
  });

  it("have a name, a sentence, a way to mend and a page each", () => {
    for (const { name, description, fix, url, rules, stackRule } of families.flatMap((family) => family.policies)) {
      assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
      assert.match(description, /^[A-Z].*\.$/, name);
      assert.match(fix, /^[A-Z].*[^.]$/, name);
      assert.match(url, /^https:\/\/(docs\.aws\.amazon\.com|www\.pulumi\.com)\//, name);
      assert.ok(rules?.length || stackRule, `${name} looks at nothing`);
    }
  });
});
