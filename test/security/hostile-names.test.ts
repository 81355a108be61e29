import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { bootScript, decodeUserData, shellQuote } from "../../components/common/user-data";
import { makePlan } from "../../plan/plan";
import { projectRoot } from "../../plan/settings/project";
import { evaluated, stackFiles } from "../support/every-stack";
import { plain } from "../support/program";

/** Names that do something wherever a shell, a template or a document takes them for more than data. */
const hostile = [
  "$(touch pwned)",
  "`touch pwned`",
  "'; touch pwned; '",
  '"; touch pwned; "',
  "${IFS}touch${IFS}pwned",
  "&& touch pwned",
  "| touch pwned",
  "{{ ssm:pwned }}",
  "$(reboot)",
  '"; rm -rf pwned',
];

describe("hostile names are data", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "hostile-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const bash = (script: string) => spawnSync("bash", ["-s"], { cwd: folder, input: script, encoding: "utf8" });

  it("a boot script's settings reach bash as they are, and run nothing", () => {
    const settings = Object.fromEntries(hostile.map((value, index) => [`NAME_${index}`, value]));
    const shown = hostile.map((_, index) => `printf '%s\\0' "$NAME_${index}"`).join("\n");
    const { stdout, stderr, status } = bash(bootScript(settings, `${shown}\n`));
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(stdout.split("\0").slice(0, -1), hostile);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("every text but NUL survives the quoting", () => {
    const texts = fc.sample(fc.string({ unit: "grapheme", maxLength: 60 }), 300).filter((text) => !text.includes("\0"));
    const { stdout, status } = bash(`printf '%s\\0' ${texts.map(shellQuote).join(" ")}\n`);
    assert.equal(status, 0);
    assert.deepEqual(stdout.split("\0").slice(0, -1), texts);
  });

  it("a setting's own name cannot be one", () => {
    for (const name of ["A;touch pwned", "$(x)", "a b", ""])
      assert.throws(() => bootScript({ [name]: "x" }, ""), /is not the name of a setting/);
  });

  it("a model's name goes into its instance's tags and nowhere that runs", async () => {
    const keys = hostile.map(
      (name, index) => `models/momentum/${name.replaceAll("/", "")}/lstm-outer_${index}_inner_0`,
    );
    const listing = join(folder, "listing.txt");
    writeFileSync(listing, `${keys.join("\n")}\n`);
    const { plan } = await makePlan({ root: projectRoot(), stack: "dev", models: listing, policies: false });
    assert.ok(plan.models.accepted.length > 0, JSON.stringify(plan.models.rejected));
    assert.equal(plan.models.accepted.length + plan.models.rejected.length, keys.length);
    const running = /userData|content|definition|containerDefinitions|command|environment|input/i;
    for (const { name, type, inputs } of plan.resources) {
      for (const [property, value] of Object.entries(inputs)) {
        if (!running.test(property)) continue;
        const text = typeof value === "string" ? value : JSON.stringify(value);
        const bytes = Buffer.from(text, "base64");
        const script = bytes[0] === 0x1f ? gunzipSync(bytes).toString() : decodeUserData(text);
        for (const bad of ["pwned", "$(reboot)"])
          assert.ok(!text.includes(bad) && !script.includes(bad), `${type} ${name}.${property}`);
      }
    }
    const { accepted } = plan.models;
    const tagsOf = plan.resources
      .filter(({ type }) => type === "aws:ec2/instance:Instance")
      .map(({ inputs }) => inputs.tags as Record<string, string>)
      .filter((tags) => "model-symbol" in tags);
    assert.deepEqual(tagsOf.map((tags) => tags["model-symbol"]).sort(), accepted.map(({ symbol }) => symbol).sort());
  });

  for (const file of stackFiles) {
    it(`${file}: a parameter of a command document is bound before a shell sees it`, async () => {
      const { resources } = (await evaluated(file)).result;
      for (const { name, inputs } of resources.filter(({ type }) => type === "aws:ssm/document:Document")) {
        const content = JSON.parse(String(plain(inputs.content))) as {
          parameters?: Record<string, { allowedPattern?: string; allowedValues?: readonly string[] }>;
          mainSteps: readonly { inputs: Record<string, unknown> }[];
        };
        const used = [...JSON.stringify(content.mainSteps).matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, one = ""]) => one);
        for (const parameter of used) {
          const { allowedPattern, allowedValues } = content.parameters?.[parameter] ?? {};
          assert.ok(allowedPattern ?? allowedValues, `${name}: ${parameter} takes any text`);
          if (!allowedPattern) continue;
          for (const bad of hostile) assert.doesNotMatch(bad, new RegExp(allowedPattern), `${name}: ${parameter}`);
        }
      }
    });
  }

  it("no function starts a program or runs a text", () => {
    const sources = readdirSync(join(projectRoot(), "lambdas"), { recursive: true, encoding: "utf8" });
    const code = sources.filter((source) => source.endsWith(".ts"));
    assert.ok(code.length > 20);
    for (const source of code) {
      const text = readFileSync(join(projectRoot(), "lambdas", source), "utf8");
      assert.doesNotMatch(
        text,
        /child_process|worker_threads|node:vm|\beval\(|new Function\(|\bexecSync|\bspawn\(/,
        source,
      );
    }
  });
});
