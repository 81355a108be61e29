import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createColors } from "picocolors";
import { main as budget } from "../../plan/budget/cli";
import { renderHtml } from "../../plan/diagram/html";
import { UsageError } from "../../plan/failure";
import { makePlan, type PlanOptions } from "../../plan/plan";
import { Progress } from "../../plan/progress";
import { renderMarkdown } from "../../plan/report/markdown";
import { projectRoot } from "../../plan/settings/project";
import { renderText, withoutName } from "../../plan/text";
import { captured } from "../support/command";
import { Scratch } from "./support/cli";
import { planOf, resource } from "./support/fixture";

const colors = createColors(false);
const make = (options: Omit<PlanOptions, "root">) => makePlan({ root: projectRoot(), policies: false, ...options });

describe("a plan for people", () => {
  let scratch: Scratch;
  beforeEach(() => (scratch = new Scratch()));
  afterEach(() => scratch.remove());

  it("calls the cost of a Region without a price table unknown, in every form, and says how it gets one", async () => {
    const { plan, region, advice } = await make({ stack: "dev", config: ["aws:region=us-west-3"] });
    const text = renderText(plan, { colors });
    assert.match(text, /^Cost: unknown$/m);
    assert.ok(!text.includes("$0.00"));
    assert.match(renderMarkdown(plan, region, advice), / resources, 5 models, an unknown cost, /);
    assert.match(await renderHtml(plan, region), / resources, 5 models, an unknown cost, /);
    assert.ok(plan.warnings.includes("aws:region: us-west-3 is not a Region that this version knows"));
    assert.ok(plan.warnings.some((one) => /^No price table for us-west-3: .*--region us-west-3$/.test(one)));
    const known = await make({ stack: "dev" });
    assert.deepEqual(
      known.plan.warnings.filter((one) => /price table|not a Region/.test(one)),
      [],
    );
  });

  it("sets no budget by prices that nobody knows", async () => {
    const file = scratch.file("elsewhere.yaml");
    writeFileSync(file, "config: { aws:region: us-west-3, stage: dev, owner: me, network: {} }\n");
    const { status, stdout, stderr } = await captured(budget, "--config-file", file);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^No price table for us-west-3: .* or give --prices/m);
  });

  it("says how many models a fleet has where it has none", async () => {
    const models = scratch.file("listing.txt");
    writeFileSync(models, "");
    const { plan, region, advice } = await make({ stack: "prod", models });
    assert.match(renderText(plan, { colors }), /^Models: 0 accepted, 0 rejected$/m);
    assert.match(renderMarkdown(plan, region, advice), / resources, 0 models, /);
    const told = "listing.txt names no model that can be deployed: the fleet has no instance";
    assert.ok(plan.warnings.some((one) => one.includes(told)));
    writeFileSync(models, "models/a\nmodels/b\n");
    const bad = await make({ stack: "prod", models });
    assert.match(renderText(bad.plan, { colors }), /^Models: 0 accepted, 2 rejected$/m);
    assert.ok(bad.plan.warnings.some((one) => one.includes(told)));
    assert.doesNotMatch(renderText(planOf([]), { colors }), /Models/);
  });

  it("says that nothing is deployed where no section is on", async () => {
    const file = scratch.file("empty.yaml");
    writeFileSync(file, "config: { aws:region: us-east-1, stage: dev, owner: me }\n");
    const { plan } = await make({ configFile: file });
    assert.match(renderText(plan, { colors }), /^Resources: 0$/m);
    assert.ok(plan.warnings.some((one) => one.startsWith("No section is on, so nothing is deployed")));
  });

  it("says a violating resource's name once", async () => {
    const bucket = resource("aws:s3/bucket:Bucket", "logs-bucket");
    const message = "Waived until 2027-03-31: logs-bucket: it keeps no access logs";
    const one = { policy: "p", enforcement: "advisory", severity: "low", urn: bucket.urn, message } as const;
    const plan = planOf([bucket], { policy: { evaluated: 1, violations: [one] } });
    const said = "Waived until 2027-03-31: it keeps no access logs";
    assert.ok((await renderHtml(plan, "us-east-1")).includes(`<p>logs-bucket: ${said}</p>`));
    assert.ok(renderMarkdown(plan, "us-east-1", []).includes(`\`logs-bucket\` | ${said} |`));
    assert.equal(withoutName("a$&: b", "a$&"), "b");
  });

  it("refuses a question about what is not there before policies are run and prices looked up", async () => {
    const stages: string[] = [];
    class Recorded extends Progress {
      override stage(what: string): void {
        stages.push(what);
      }
    }
    const check = () => {
      throw new UsageError("nothing of that name");
    };
    await assert.rejects(
      make({ stack: "dev", policies: true, progress: new Recorded(), check }),
      /nothing of that name/,
    );
    assert.deepEqual(stages, ["reading the configuration", "loading the program", "evaluating the program, resources"]);
  });
});
