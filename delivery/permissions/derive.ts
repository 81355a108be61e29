/**
 * Makes `actions.json`, the calls that each resource type of the aws provider makes, from the provider's source, and the
 * names of the types in Terraform. Run when `@pulumi/aws` moves:
 *
 *   node --require tsx/cjs delivery/permissions/derive.ts <folder of terraform-provider-aws> <the provider's mapping as JSON>
 *
 * A type's calls are the inputs of the SDK (`ec2.CreateVpcInput`) that stand in its file or in functions of its package that
 * are reached from there; data sources, tests and sweepers are left out. Too much rather than too little: a branch that the
 * platform never takes counts.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { knownServices, permissionsOf } from "./services";

interface GoFunction {
  /** Functions of the same package that it names. */
  readonly names: ReadonlySet<string>;
  /** `service/Call`. */
  readonly calls: ReadonlySet<string>;
}

interface GoFile {
  /** Terraform types registered in it, and whether they have tags. */
  readonly types: readonly { readonly name: string; readonly tagged: boolean }[];
  readonly functions: ReadonlyMap<string, GoFunction>;
}

const leftOut =
  /(_test|_data_source|_data_source_gen|_ephemeral|sweep|_list|exports_test|endpoint\w*_gen|package_gen)\.go$/;

/** Import aliases of the SDK's services in a file. */
function aliases(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, alias, service = ""] of text.matchAll(
    /^\s*(\w+)?\s*"github\.com\/aws\/aws-sdk-go-v2\/service\/(\w+)"/gm,
  ))
    found.set(alias ?? service, service);
  return found;
}

/** Top-level functions: gofmt puts `func` and the closing brace into the first column. */
export function readGo(text: string): GoFile {
  const services = aliases(text);
  const functions = new Map<string, GoFunction>();
  for (const [body, name = ""] of text.matchAll(/^func (?:\([^)]*\) )?(\w+)[\s\S]*?^}/gm)) {
    const calls = new Set<string>();
    for (const [, alias = "", call = ""] of body.matchAll(/\b(\w+)\.(\w+)Input\b/g)) {
      const service = services.get(alias);
      if (service) calls.add(`${service}/${call}`);
    }
    for (const [, alias = "", call = ""] of body.matchAll(/\b(\w+)\.New(\w+)Paginator\b/g)) {
      const service = services.get(alias);
      if (service) calls.add(`${service}/${call}`);
    }
    const names = new Set(Array.from(body.matchAll(/\b([a-zA-Z]\w*)\b/g), ([, word = ""]) => word));
    const before = functions.get(name); // methods of two types may share a name
    functions.set(name, {
      names: new Set([...names, ...(before?.names ?? [])]),
      calls: new Set([...calls, ...(before?.calls ?? [])]),
    });
  }
  const types = Array.from(
    text.matchAll(/^\/\/ @(?:SDK|Framework)Resource\("(\w+)"[\s\S]*?^func /gm),
    ([block, name = ""]) => ({
      name,
      tagged: block.includes("// @Tags"),
    }),
  );
  return { types, functions };
}

/** Calls that are reached from some functions of a package. */
function reached(from: Iterable<string>, all: ReadonlyMap<string, GoFunction>): Set<string> {
  const seen = new Set(from);
  const calls = new Set<string>();
  for (const name of seen) {
    const made = all.get(name);
    for (const call of made?.calls ?? []) calls.add(call);
    for (const next of made?.names ?? []) if (all.has(next)) seen.add(next);
  }
  return calls;
}

/** Calls by Terraform type for one package of the provider. */
export function derivePackage(
  files: readonly { readonly name: string; readonly text: string }[],
): Map<string, Set<string>> {
  const read = files.filter(({ name }) => !leftOut.test(name)).map(({ text }) => readGo(text));
  const all = new Map<string, GoFunction>();
  for (const { functions } of read) for (const [name, made] of functions) all.set(name, made);
  const derived = new Map<string, Set<string>>();
  for (const { types, functions } of read) {
    for (const { name, tagged } of types) {
      const from = [...functions.keys(), ...(tagged ? ["listTags", "updateTags"] : [])];
      derived.set(name, reached(from, all));
    }
  }
  return derived;
}

interface Mapping {
  readonly resources: Readonly<Record<string, { readonly tok: string }>>;
}

function main(source: string, mappingFile: string): void {
  const { resources } = JSON.parse(readFileSync(mappingFile, "utf8")) as Mapping;
  const services = path.join(source, "internal", "service");
  const table: Record<string, string[]> = {};
  const packages = readdirSync(services, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: service } of packages) {
    const folder = path.join(services, service);
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(".go") && existsSync(path.join(folder, name)))
      .map((name) => ({ name, text: readFileSync(path.join(folder, name), "utf8") }));
    for (const [type, calls] of derivePackage(files)) {
      const token = resources[type]?.tok;
      const permissions = [...calls].flatMap((call) => {
        const [of = "", name = ""] = call.split("/");
        return knownServices.has(of) ? permissionsOf(of, name) : [];
      });
      if (token && permissions.length > 0) table[token] = [...new Set(permissions)].sort();
    }
  }
  const sorted = Object.keys(table)
    .sort()
    .map((token) => `${JSON.stringify(token)}: ${JSON.stringify(table[token])}`);
  writeFileSync(path.join(__dirname, "actions.json"), `{\n${sorted.join(",\n")}\n}\n`);
  const types = Object.entries(resources).map(([type, { tok }]) => `${JSON.stringify(type)}: ${JSON.stringify(tok)}`);
  writeFileSync(path.join(__dirname, "..", "from-terraform", "types.json"), `{\n${types.sort().join(",\n")}\n}\n`);
}

if (require.main === module) main(process.argv[2] ?? "", process.argv[3] ?? "");
