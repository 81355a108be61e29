import assert from "node:assert/strict";
import * as path from "node:path";
import { makePlan } from "../../plan/plan";
import { projectRoot } from "../../plan/settings/project";
import { guideTexts } from "../../reference/guide-texts";
import { compareCosts, renderGuide } from "../../reference/guides";

describe("document 004's cost table beside the planner's (betting-bot.yaml)", () => {
  let rows: ReturnType<typeof compareCosts>;
  before(async () => {
    const configFile = path.join("blueprints", "betting-bot.yaml");
    const { plan } = await makePlan({ root: projectRoot(), configFile, policies: false });
    rows = compareCosts(plan, guideTexts["betting-bot"].estimate);
  });
  const row = (start: string) => {
    const found = rows.find(([what]) => what.startsWith(start));
    assert.ok(found, start);
    return found;
  };

  const parts: [part: string, document: number, least: number, most: number][] = [
    ["Fargate", 150, 150, 170],
    ["Database", 350, 150, 350],
    ["Two NAT gateways", 70, 65.7, 80],
    ["Load balancer", 25, 20, 25],
    ["S3", 5, 5, 20],
    ["CloudWatch", 30, 30, 45],
  ];
  for (const [part, document, least, most] of parts) {
    it(`${part}: ${document} USD there, ${least} to ${most} here`, () => {
      const [, asked, planned] = row(part);
      assert.equal(asked, document);
      assert.ok(planned >= least && planned <= most, `${planned}`);
    });
  }

  it("adds up to the document's 630 USD on one side and to the plan's whole cost on the other", () => {
    const [, asked, planned] = row("All");
    assert.equal(asked, 630);
    const sum = rows.slice(0, -1).reduce((total, [, , monthly]) => total + monthly, 0);
    assert.ok(Math.abs(sum - planned) < 0.01, `${sum} against ${planned}`);
    assert.ok(row("What the document leaves out")[2] > 0);
  });

  it("stands in the guide", async () => {
    assert.match(
      await renderGuide("betting-bot"),
      /^\| Fargate, bot and ML service \| \$150\.00 \| \$1\d\d\.\d\d \|$/m,
    );
    assert.doesNotMatch(await renderGuide("web-terminal"), /The document's own estimate/);
  });
});
