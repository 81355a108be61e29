import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { compare } from "../../plan/difference/difference";
import { renderDifference } from "../../plan/difference/markdown";
import { renderDifferenceText } from "../../plan/difference/text";
import { stateful } from "../../plan/difference/stateful";
import { type Plan, type PlannedResource } from "../../plan/json";
import { cell, codeSpan } from "../../plan/report/markdown-text";
import { plan, Scratch } from "./support/cli";
import { planOf as planWith, resource as plain } from "./support/fixture";

const resource = (
  type: string,
  name: string,
  inputs: Record<string, unknown> = {},
  more: Partial<PlannedResource> = {},
): PlannedResource => ({ ...plain(type, name, inputs), ...more });

const planOf = (resources: PlannedResource[], more: Partial<Plan> = {}): Plan =>
  planWith(resources, { policy: { violations: [], evaluated: 1 }, ...more });

const differ = (before: PlannedResource[], after: PlannedResource[]) =>
  compare(planOf(before), planOf(after), "a", "b");

describe("the difference of two plans", () => {
  const db = "aws:rds/instance:Instance";

  it("tells added, changed, replaced and deleted apart", () => {
    const { changes, unchanged } = differ(
      [
        resource("t", "same"),
        resource(db, "bigger", { instanceClass: "a" }),
        resource("aws:ec2/vpc:Vpc", "moved", { cidrBlock: "a" }),
        resource("t", "gone"),
      ],
      [
        resource("t", "same"),
        resource(db, "bigger", { instanceClass: "b" }),
        resource("aws:ec2/vpc:Vpc", "moved", { cidrBlock: "b" }),
        resource("t", "new"),
      ],
    );
    assert.deepEqual(
      changes.map(({ kind, name, inputs }) => [kind, name, ...inputs]),
      [
        ["deleted", "gone"],
        ["replaced", "moved", "cidrBlock"],
        ["changed", "bigger", "instanceClass"],
        ["added", "new"],
      ],
    );
    assert.equal(unchanged, 1);
  });

  it("names the danger of deleting or replacing what holds state", () => {
    for (const [type, loss] of Object.entries(stateful)) {
      const [deleted] = differ([resource(type, "x")], []).changes;
      assert.ok(deleted?.danger?.includes(loss), type);
    }
    const replaced = (more: Partial<PlannedResource>) =>
      differ(
        [resource(db, "x", { storageEncrypted: false }, more)],
        [resource(db, "x", { storageEncrypted: true }, more)],
      ).changes[0];
    assert.match(replaced({})!.danger!, /^loses the database/);
    assert.match(replaced({ protect: true })!.danger!, /^protected: Pulumi refuses/);
    assert.match(replaced({ retainOnDelete: true })!.danger!, /AWS keeps it/);
    assert.equal(differ([resource(db, "x", { a: 1 })], [resource(db, "x", { a: 2 })]).changes[0]!.danger, undefined);
    assert.equal(differ([], [resource(db, "x")]).changes[0]!.danger, undefined);
  });

  it("replaces what takes a forcing input from something replaced", () => {
    const vpc = (cidrBlock: string) => resource("aws:ec2/vpc:Vpc", "v", { cidrBlock });
    const subnet = resource("aws:ec2/subnet:Subnet", "s", {}, { propertyDependencies: { vpcId: [vpc("").urn] } });
    const host = resource("aws:ec2/instance:Instance", "h", {}, { propertyDependencies: { subnetId: [subnet.urn] } });
    const { changes } = differ([vpc("a"), subnet, host], [vpc("b"), subnet, host]);
    assert.deepEqual(changes.map(({ kind, name }) => `${kind} ${name}`).sort(), [
      "replaced h",
      "replaced s",
      "replaced v",
    ]);
  });

  it("compares cost, policies and models", () => {
    const violation = (policy: string) => ({
      policy,
      enforcement: "mandatory" as const,
      severity: "high" as const,
      urn: "u",
      message: "m",
    });
    const model = (key: string) => ({ key, type: "t", symbol: "s", model: "m", outer: 1, inner: 1 });
    const cost = (monthly: number) => ({ currency: "USD" as const, monthly, lines: [], unpriced: [] });
    const difference = compare(
      planOf([], {
        cost: cost(10.1),
        policy: { violations: [violation("old")], evaluated: 1 },
        models: { accepted: [model("a")], rejected: [] },
      }),
      planOf([], {
        cost: cost(30.3),
        policy: { violations: [violation("new")], evaluated: 1 },
        models: { accepted: [model("b")], rejected: [] },
      }),
      "main",
      "dev",
    );
    assert.deepEqual(difference.cost, { before: 10.1, after: 30.3, change: 20.2 });
    assert.deepEqual(
      difference.policy.added.map(({ policy }) => policy),
      ["new"],
    );
    assert.deepEqual(
      difference.policy.resolved.map(({ policy }) => policy),
      ["old"],
    );
    assert.deepEqual(difference.models, { added: ["b"], removed: ["a"] });
    const markdown = renderDifference(difference);
    for (const part of [
      "$10.10 → $30.30",
      "+$20.20",
      "New violations: 1",
      "Resolved violations: 1",
      "Models added: 1",
      "nothing changes",
    ]) {
      assert.ok(markdown.includes(part), part);
    }
  });

  it("puts the loss of state at the top of a comment", () => {
    const markdown = renderDifference(differ([resource(db, "orders")], []));
    assert.match(markdown, /> \*\*One change loses state:\*\*\n> - `orders` is deleted: loses the database/);
  });

  it("has no markup on a terminal", () => {
    const text = renderDifferenceText(
      compare(
        planOf([resource(db, "orders"), resource("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "a" })]),
        planOf([resource("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "b" })]),
        "HEAD~3",
        "dev as it is",
      ),
    );
    assert.match(text, /^Plan: HEAD~3 → dev as it is\n\n1 replaced, 1 deleted, 0 unchanged\. Cost: /);
    assert.match(text, /\nOne change loses state:\n {2}orders is deleted: loses the database/);
    assert.match(text, /\nChanges:\n(?: {2}.*\n)* {2}replaced {2}vpc {5}aws:ec2\/vpc:Vpc: cidrBlock\n/);
    assert.doesNotMatch(text, /[\\*#`|]/);
    assert.doesNotMatch(renderDifferenceText(differ([], [])), /Changes:|violations|Models|state:/);
  });

  it("keeps names from becoming markup", () => {
    assert.equal(cell("a|b <img> @team `x` [l](u)"), "a\\|b \\<img\\> @\u200bteam \\`x\\` \\[l\\](u)");
    assert.equal(codeSpan("a`b|c"), "``a`b\\|c``");
  });

  describe("from the command line", () => {
    let scratch: Scratch;
    beforeEach(() => (scratch = new Scratch()));
    afterEach(() => scratch.remove());

    it("compares with a plan's file: nothing where nothing changed", async () => {
      const before = await plan(["dev", "--no-policy", "--format", "json", "--out", scratch.file("plan.json")]);
      assert.equal(before.status, 0, before.stderr);
      const same = await plan(["dev", "--no-policy", "--diff", scratch.file("plan.json")]);
      assert.equal(same.status, 0, same.stderr);
      assert.match(same.stdout, /nothing changes, \d+ unchanged/);
      const narrower = await plan([
        "dev",
        "--no-policy",
        "--diff",
        scratch.file("plan.json"),
        "--config",
        "network.flowLogs.retentionDays=14",
      ]);
      assert.match(narrower.stdout, /1 changed/);
      assert.match(narrower.stdout, /retentionInDays/);
    });

    it("compares with a git ref", async () => {
      const { status, stdout, stderr } = await plan(["dev", "--no-policy", "--diff", "HEAD", "--format", "json"]);
      assert.equal(status, 0, stderr);
      assert.equal((JSON.parse(stdout) as { from: string }).from, "HEAD");
    });

    it("refuses what is neither", async () => {
      writeFileSync(scratch.file("other.json"), "{}");
      writeFileSync(scratch.file("broken.json"), "{");
      for (const [base, message] of [
        ["no-such-ref", /neither a file nor a commit/],
        ["--help", /neither a file nor a commit|argument missing/],
        [
          scratch.file("other.json"),
          /is not a plan: schemaVersion: is \w+[^]*fix: +Name a file written with --format json/,
        ],
        [scratch.file("broken.json"), /is not JSON/],
      ] as const) {
        const { status, stderr } = await plan(["dev", "--no-policy", `--diff=${base}`]);
        assert.equal(status, 2, base);
        assert.match(stderr, message);
      }
    });
  });
});
