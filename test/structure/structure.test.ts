import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import depcheck from "depcheck";
import { analyzeTsConfig } from "ts-unused-exports";
import { projectRoot } from "../../plan/settings/project";
import { cycleOf, type Edges } from "./cycles";

const root = projectRoot();
const skipped = new Set(["node_modules", "coverage", "dist", "__pycache__"]);

/** Files below a folder, from the root; folders that begin with a dot hold nothing of the project. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) || entry.name.startsWith(".") ? [] : filesIn(at);
    return entry.isFile() ? [relative(root, at)] : [];
  });
}

const files = filesIn(root);
const code = new Set([".ts", ".js", ".cjs", ".mjs", ".py", ".sh", ".css", ".sql"]);

interface Cruise {
  readonly summary: { readonly violations: { rule: { name: string }; from: string; to: string }[] };
  readonly modules: {
    readonly source: string;
    readonly dependencies: { readonly resolved: string; readonly dependencyTypes: readonly string[] }[];
  }[];
}

function cruise(): Cruise {
  const rooms = new Set(files.filter((file) => file.endsWith(".ts")).map((file) => file.split("/")[0] ?? ""));
  rooms.delete("services");
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", ...rooms];
  const run = spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  assert.ok(run.stdout.startsWith("{"), run.stderr);
  return JSON.parse(run.stdout) as Cruise;
}

/** Room of a file: `components/<room>`, or the folder at the top. */
const roomOf = (file: string) =>
  file
    .split("/")
    .slice(0, file.startsWith("components/") ? 2 : 1)
    .join("/");

/** How often each word stands in the code: what a `require` takes by name is no import to an analyser. */
const words = new Map<string, number>();
for (const file of files.filter((name) => name.endsWith(".ts"))) {
  for (const [word] of readFileSync(join(root, file), "utf8")
    .replace(/\/\*\*[^]*?\*\//g, "")
    .matchAll(/[\w$]+/g)) {
    words.set(word, (words.get(word) ?? 0) + 1);
  }
}

/** Files whose exports somebody outside takes: a folder's face, a Lambda, what mocha requires. */
const entries =
  /(^|\/)index\.ts$|^lambdas\/[^/]+\/handler\.ts$|(^|\/)test\/(engine\/report|support\/(prepare|hooks))\.ts$/;

/** Names that a file exports and nobody uses, the file itself included. */
function deadExports(folder: string): string[] {
  const { unusedExports } = analyzeTsConfig(join(root, folder, "tsconfig.json"));
  return Object.entries(unusedExports).flatMap(([file, exports]) => {
    const name = relative(root, file);
    if (entries.test(name) || name.includes("node_modules")) return [];
    const once = ({ exportName }: { exportName: string }) => (words.get(exportName) ?? 0) < 2;
    return exports.filter(once).map(({ exportName }) => `${name}: ${exportName}`);
  });
}

describe("the structure", () => {
  const { summary, modules } = cruise();

  it("keeps to the rules of .dependency-cruiser.cjs", () => {
    assert.deepEqual(
      summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
      [],
    );
    assert.ok(modules.length > 300, `${modules.length} modules were looked at`);
  });

  it("has no cycle between rooms", () => {
    const edges: Edges = new Map();
    for (const { source, dependencies } of modules) {
      for (const { resolved, dependencyTypes } of dependencies) {
        if (!dependencyTypes.includes("local")) continue;
        const [from, to] = [roomOf(source), roomOf(resolved)];
        if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
      }
    }
    assert.ok(edges.get("wiring")?.has("components/network"));
    assert.deepEqual(cycleOf(edges), []);
  });

  it("finds a cycle where there is one", () => {
    const edges = (pairs: Record<string, string[]>): Edges =>
      new Map(Object.entries(pairs).map(([from, to]) => [from, new Set(to)]));
    assert.deepEqual(cycleOf(edges({ a: ["b", "c"], b: ["c"], c: [] })), []);
    assert.deepEqual(cycleOf(edges({ a: ["b"], b: ["d", "c"], c: ["b"], d: [] })), ["b", "c", "b"]);
  });

  it("carries the text of the licence that package.json names", () => {
    const { license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { license: string };
    assert.equal(license, "Apache-2.0");
    const text = readFileSync(join(root, "LICENSE"), "utf8");
    // Of https://www.apache.org/licenses/LICENSE-2.0.txt, unmodified.
    const standard = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30";
    assert.equal(createHash("sha256").update(text).digest("hex"), standard);
  });

  it("has no file of code over 400 lines", () => {
    const long = files
      .filter((file) => code.has(extname(file)))
      .map((file) => [file, readFileSync(join(root, file), "utf8").split("\n").length - 1] as const)
      .filter(([, lines]) => lines > 400);
    assert.deepEqual(long, []);
  });

  it("exports nothing that nobody uses", () => {
    assert.deepEqual(deadExports("."), []);
    assert.deepEqual(deadExports("services/market-data"), []);
  });

  // A folder with a package.json of its own is not looked into, though delivery and policy use the root's packages.
  for (const [owner, ...users] of [[".", "delivery", "policy"], ["services/market-data"]] as const) {
    it(`declares no package that nothing uses (${owner}/package.json)`, async () => {
      const manifest = JSON.parse(readFileSync(join(root, owner, "package.json"), "utf8")) as object;
      const options = {
        package: manifest,
        ignoreMatches: ["prettier", "c8", "dependency-cruiser"], // programs, not modules
        ignorePatterns: [".cache", ".emulator", "coverage", "dist"],
      };
      const found = await Promise.all([owner, ...users].map((folder) => depcheck(join(root, folder), options)));
      const unused = found.map(({ dependencies, devDependencies }) => [...dependencies, ...devDependencies]);
      const everywhere = (unused[0] ?? []).filter((name) => unused.every((names) => names.includes(name)));
      assert.deepEqual(everywhere, []);
    });
  }
});
