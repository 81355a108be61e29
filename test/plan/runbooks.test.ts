import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { alarmPage } from "../../plan/runbooks/alarm-pages";
import { disasters } from "../../plan/runbooks/disasters";
import { gameDays } from "../../plan/runbooks/game-days";
import { runbooks } from "../../plan/runbooks/publish";
import { stepsFor } from "../../plan/runbooks/steps";

const root = join(__dirname, "../..");
const folder = join(root, "docs/runbooks");
const read = (file: string) => readFileSync(join(folder, file), "utf8");

describe("runbooks", () => {
  it("are what the stacks' alarms make of them (else: npm run docs:runbooks)", async function () {
    this.timeout(300_000);
    const pages = await runbooks(root);
    const written = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
    assert.deepEqual(written.sort(), [...pages.keys()].sort());
    for (const [file, text] of pages) assert.equal(read(file), text, file);
  });

  it("cover every disaster that the documents name, with steps and the way back", () => {
    assert.deepEqual(Object.keys(disasters), ["zone", "database", "cluster", "region", "bad-release", "leaked-secret"]);
    for (const key of Object.keys(disasters)) {
      const text = read(`disasters/${key}.md`);
      for (const part of ["**Signs.**", "## Steps", "## Way back", "## What was promised"])
        assert.ok(text.includes(part), `${key}: ${part}`);
      assert.match(text, /\| betting-bot +\| database +\| 15 min +\| 5 min +\|/, "document 004's promise");
      assert.match(text, /\| ai-platform +\| database +\| 240 min +\| 15 min +\|/, "document 001's promise");
    }
  });

  it("restore the cluster's configuration step by step, and rehearse it", () => {
    const text = read("disasters/cluster.md");
    const steps = [
      "list-recovery-points-by-resource",
      "get-recovery-point-restore-metadata",
      "start-restore-job",
      "kubectl apply",
    ];
    const places = steps.map((step) => text.indexOf(step));
    assert.ok(
      places.every((place) => place > 0),
      "every step is there",
    );
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      "in this order",
    );
    const rehearsed = gameDays["ai-platform"]?.rehearsals.find(({ runbook }) => runbook === "disasters/cluster.md");
    assert.equal(rehearsed?.what, "Restore the cluster's configuration");
  });

  it("have a game day for every blueprint, whose links lead somewhere", () => {
    const blueprints = readdirSync(join(root, "blueprints")).filter((file) => /^[\w-]+\.yaml$/.test(file));
    assert.deepEqual(Object.keys(gameDays).sort(), blueprints.map((file) => file.replace(".yaml", "")).sort());
    for (const { rehearsals } of Object.values(gameDays))
      for (const { runbook } of rehearsals) assert.ok(existsSync(join(folder, runbook)), runbook);
  });

  it("rehearse document 004's failover procedures: database, application, Region", () => {
    const what = gameDays["betting-bot"]?.rehearsals.map((one) => one.what) ?? [];
    for (const procedure of ["Fail the database over", "Lose the bot's task", "Move to the second Region"])
      assert.ok(what.includes(procedure), procedure);
  });

  it("say the same of two resources once, and each condition where it is set", () => {
    const fact = {
      stack: "prod",
      name: "a",
      runbook: "x",
      description: "It is wrong. First look.",
      condition: "> 1 for 60 s",
      metric: "M",
      namespace: "AWS/RDS",
    };
    const page = alarmPage("x", [fact, { ...fact, stack: "qa", name: "b", condition: "> 2 for 60 s | odd" }]);
    assert.equal(page.match(/It is wrong/g)?.length, 1);
    assert.match(page, /^# M \(AWS\/RDS\)$/m);
    assert.match(page, /\| qa \| `b` \| > 2 for 60 s \\\| odd \|/);
  });

  it("always end with what to write down", () => {
    for (const namespace of ["AWS/RDS", "Unknown/Service", undefined])
      assert.match(stepsFor(namespace).at(-1) ?? "", /Write down what was seen/);
  });
});
