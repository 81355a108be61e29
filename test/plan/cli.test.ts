import Ajv2020 from "ajv/dist/2020";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { publishedSchema, type Plan } from "../../plan/json";
import type { toSarif } from "../../plan/policy/sarif";
import { projectRoot } from "../../plan/settings/project";
import { plan, Scratch } from "./support/cli";

const published = () => readFileSync(path.join(projectRoot(), "docs", "plan-schema.json"), "utf8");

describe("npm run plan", () => {
  let scratch: Scratch;
  beforeEach(() => (scratch = new Scratch()));
  afterEach(() => scratch.remove());

  const stackFile = (text: string) => {
    const file = scratch.file("stack.yaml");
    writeFileSync(file, text);
    return file;
  };
  const base = "config:\n  aws:region: us-east-1\n  stage: dev\n  owner: me\n";

  it("shows the tree, the policies and the cost as text, without colours off a terminal", async () => {
    const { status, stdout } = await plan(["dev"], { FORCE_COLOR: "1" });
    assert.equal(status, 0);
    assert.match(stdout, /^trading-platform, stack dev \(stage dev\)/);
    assert.match(stdout, /└─ network {2}trading:network:TradingVpc|├─ network {2}trading:network:TradingVpc/);
    assert.match(stdout, /network-vpc {2}aws:ec2\/vpc:Vpc/);
    assert.match(stdout, /Policies: \d+ run, violations: 0 mandatory/);
    assert.match(stdout, /Cost: \$[\d,.]+ a month/);
    assert.ok(!stdout.includes("\u001b"));
  });

  it("prints JSON that the published schema accepts, checked by another validator", async () => {
    assert.equal(published(), publishedSchema(), "run: npm run docs");
    const { status, stdout } = await plan(["prod", "--format", "json"]);
    assert.ok(status === 0 || status === 1);
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(published()) as object);
    const parsed = JSON.parse(stdout) as Plan;
    assert.ok(validate(parsed), JSON.stringify(validate.errors));
    assert.ok(!validate({ ...parsed, stage: "staging" }));
    assert.deepEqual(
      Object.keys(parsed),
      "schemaVersion project stack stage resources outputs models policy cost warnings".split(" "),
    );
    const urns = parsed.resources.map(({ urn }) => urn);
    assert.deepEqual(urns, [...urns].sort());
    const vpc = parsed.resources.find(({ type }) => type === "aws:ec2/vpc:Vpc")!;
    const subnet = parsed.resources.find(({ type }) => type === "aws:ec2/subnet:Subnet")!;
    assert.deepEqual(subnet.propertyDependencies.vpcId, [vpc.urn]);
    assert.ok(parsed.policy.evaluated > 0);
  });

  it("gives the policy results as SARIF, hung on the stack's file, and as JUnit", async () => {
    const waiver = `[{policy: nat-per-zone, resource: "*", reason: a test, owner: me, expires: 2999-01-01}]`;
    const qa = ["qa", "--config", `policies.waivers=${waiver}`];
    const json = JSON.parse((await plan([...qa, "--format", "json"])).stdout) as Plan;
    const sarif = await plan([...qa, "--format", "sarif"]);
    assert.equal(sarif.status, 0);
    const [run] = (JSON.parse(sarif.stdout) as ReturnType<typeof toSarif>).runs;
    assert.equal(run?.tool.driver.rules.length, json.policy.evaluated);
    assert.deepEqual(
      run.results.map(({ ruleId, message, locations }) => [
        ruleId,
        message.text,
        locations[0]?.physicalLocation.artifactLocation.uri,
        locations[0]?.logicalLocations[0]?.fullyQualifiedName,
      ]),
      json.policy.violations.map(({ policy, message, urn }) => [policy, message, "Pulumi.qa.yaml", urn]),
    );
    const suppressed = run.results.filter(({ suppressions }) => suppressions?.length === 1);
    assert.deepEqual([...new Set(suppressed.map(({ ruleId }) => ruleId))], ["nat-per-zone"]);
    const junit = await plan([...qa, "--format", "junit"]);
    assert.match(junit.stdout, new RegExp(`<testsuite name="qa" tests="${json.policy.evaluated}" failures="0">`));
  });

  it("says the same twice, to the byte", async () => {
    const [one, two] = await Promise.all([plan(["qa", "--format", "json"]), plan(["qa", "--format", "json"])]);
    assert.equal(one.stdout, two.stdout);
  });

  it("writes a file whole, and nothing to standard output", async () => {
    const out = scratch.file("plan.json");
    const { status, stdout } = await plan(["dev", "--format", "json", "--out", out, "--no-policy"]);
    assert.deepEqual([status, stdout, scratch.files()], [0, "", ["plan.json"]]);
    assert.equal((JSON.parse(readFileSync(out, "utf8")) as Plan).stack, "dev");
  });

  it("teaches with --help", async () => {
    const { status, stdout } = await plan(["--help"]);
    assert.equal(status, 0);
    for (const part of ["Examples:", "Exit status:", "--models s3://", "--config fleet.maxRemovalPercent=20"]) {
      assert.ok(stdout.includes(part), part);
    }
  });

  it("hides what is secret", async () => {
    const file = stackFile(`${base}  network: {}\n  unknownKey:\n    secure: v1:ciphertext\n`);
    const { status, stderr } = await plan(["--config-file", file]);
    assert.equal(status, 2);
    assert.ok(!stderr.includes("ciphertext"));
  });

  describe("refuses bad input: a message, status 2, no stack trace, nothing written", () => {
    const refused = async (args: readonly string[], ...parts: RegExp[]) => {
      const { status, stdout, stderr } = await plan([...args, "--out", scratch.file("out.txt")]);
      for (const part of parts) assert.match(stderr, part);
      assert.doesNotMatch(stderr, /^\s+at .*\.ts:\d+/m);
      assert.equal(stdout, "");
      assert.equal(status, 2, stderr);
      assert.ok(scratch.files().every((file) => !file.startsWith("out") && !file.endsWith(".part")));
    };

    it("an unknown stack", () => refused(["prd"], /no stack prd/, /dev, prod, qa/));
    it("no stack at all", () => refused([], /Name a stack/, /dev, prod, qa/));
    it("an option that does not exist", () => refused(["dev", "--modles", "x"], /unknown option '--modles'/, /--help/));
    it("a format that does not exist", () => refused(["dev", "--format", "pdf"], /pdf/, /text, json/));
    it("policy results without policies", () =>
      refused(
        ["dev", "--format", "sarif", "--no-policy"],
        /--format sarif shows policy results: leave --no-policy out/,
      ));
    it("a difference or an answer in a format that has none", async () => {
      await refused(
        ["dev", "--diff", "HEAD", "--format", "junit"],
        /--diff with --format junit: .* text, markdown or json/,
      );
      await refused(
        ["dev", "--reach", "internet", "x:1", "--format", "sarif"],
        /--reach with --format sarif: .* text or json/,
      );
    });
    it("too many arguments", () => refused(["dev", "prod"], /too many arguments/));
    it("malformed YAML", () =>
      refused(["--config-file", stackFile("config:\n  a: {b\n")], /stack\.yaml:\d+:\d+: malformed YAML/));
    it("a configuration with mistakes, all at once", () =>
      refused(
        ["--config-file", stackFile(`${base}  netwrok: {}\n  stage: staging\n`.replace("  stage: dev\n", ""))],
        /2 mistakes/,
        /stage: is not a stage/,
        /netwrok: is not a section[\s\S]*Did you mean network\?/,
      ));
    it("a key that nobody reads, in a namespace near the project's or the provider's", async () => {
      await refused(
        ["dev", "--config", "trading-platfrm:fleet.maxRemovalPercent=3"],
        /trading-platfrm:fleet: is in no namespace that is read\n.*Did you mean trading-platform:fleet\?/,
      );
      await refused(
        ["dev", "--config", "aws:regin=us-west-2"],
        /aws:regin: is no setting[^]*Did you mean aws:region\?/,
      );
      await refused(["dev", "--config", "aws:region=us-wst-2"], /aws:region: is not a Region[^]*mean us-west-2\?/);
    });
    it("a listing that is not there", () => refused(["dev", "--models", "nowhere.txt"], /--models nowhere\.txt/));
    it("an output folder that is not there", async () => {
      const { status, stderr } = await plan(["dev", "--out", scratch.file("no/such/plan.json")]);
      assert.match(stderr, /its folder does not exist/);
      assert.equal(status, 2);
    });
  });
});
