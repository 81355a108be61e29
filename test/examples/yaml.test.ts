import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../plan/settings/project";

interface Typed {
  readonly type?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Typed>>;
  readonly required?: readonly string[];
}
interface Component {
  readonly inputProperties: Readonly<Record<string, Typed>>;
  readonly requiredInputs?: readonly string[];
  readonly properties: Readonly<Record<string, Typed>>;
}
interface Schema {
  readonly types: Readonly<Record<string, Typed>>;
  readonly resources: Readonly<Record<string, Component>>;
}
interface Program {
  readonly packages: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, object>>;
  readonly resources: Readonly<Record<string, { type: string; properties: Readonly<Record<string, unknown>> }>>;
  readonly outputs: Readonly<Record<string, string>>;
}

const folder = path.join(projectRoot(), "examples", "yaml");
const schema = JSON.parse(readFileSync(path.join(projectRoot(), "plugin", "schema.json"), "utf8")) as Schema;
const program = parse(readFileSync(path.join(folder, "Pulumi.yaml"), "utf8")) as Program;

/** What of a value the schema does not know or misses; a reference is followed to the program's variable. */
function mistakes(value: unknown, typed: Typed | undefined, at: string): string[] {
  if (typed === undefined) return [`${at} is unknown`];
  const named = /^\$\{(\w+)\}$/.exec(String(value))?.[1];
  if (named !== undefined) return mistakes(program.variables[named], typed, `${at} (${named})`);
  const object = typed.$ref === undefined ? typed : schema.types[typed.$ref.replace("#/types/", "")];
  if (object?.properties === undefined) return [];
  const given = value as Readonly<Record<string, unknown>>;
  return [
    ...(object.required ?? []).filter((name) => !(name in given)).map((name) => `${at}.${name} is missing`),
    ...Object.keys(given).flatMap((name) => mistakes(given[name], object.properties?.[name], `${at}.${name}`)),
  ];
}

describe("a program of YAML beside this one", () => {
  it("takes the package from its clone", () => {
    const at = program.packages["trading-platform"] ?? "";
    assert.match(readFileSync(path.join(folder, at, "PulumiPlugin.yaml"), "utf8"), /^runtime: nodejs$/m);
  });

  it("gives each component what the package's schema asks for, and no more", () => {
    const found = Object.entries(program.resources).flatMap(([name, { type, properties }]) => {
      const component = schema.resources[type];
      if (!component) return [`${name}: there is no ${type}`];
      const { inputProperties, requiredInputs } = component;
      return mistakes(properties, { properties: inputProperties, required: requiredInputs ?? [] }, name);
    });
    assert.deepEqual(found, []);
    assert.equal(Object.keys(program.resources).length, 2);
  });

  it("reads outputs that its components have", () => {
    for (const reference of Object.values(program.outputs)) {
      const [resource = "", property = "", ...rest] = reference.slice(2, -1).split(".");
      const typed = schema.resources[program.resources[resource]?.type ?? ""]?.properties[property];
      assert.ok(typed, reference);
      const fields = schema.types[typed.$ref?.replace("#/types/", "") ?? ""]?.properties;
      for (const field of rest) assert.ok(fields?.[field], reference);
    }
  });
});
