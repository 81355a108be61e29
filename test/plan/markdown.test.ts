import assert from "node:assert/strict";
import { makePlan } from "../../plan/plan";
import { renderMarkdown } from "../../plan/report/markdown";
import { projectRoot } from "../../plan/settings/project";
import { renderText } from "../../plan/text";
import { createColors } from "picocolors";

describe("a plan as Markdown", () => {
  it("shows the figures that text and JSON show, and a drawing", async () => {
    const { plan, region, advice } = await makePlan({ root: projectRoot(), stack: "prod", policies: false });
    const markdown = renderMarkdown(plan, region, advice);
    const total = `$${plan.cost.monthly.toLocaleString("en", { minimumFractionDigits: 2 })}`;
    assert.ok(markdown.includes(`**${total}**`));
    assert.ok(renderText(plan, { colors: createColors(false) }).includes(`Cost: ${total} a month`));
    assert.ok(markdown.includes(`${plan.resources.length} resources, ${plan.models.accepted.length} models`));
    assert.match(markdown, /```mermaid\nflowchart LR\n/);
    assert.match(markdown, /subgraph n\d+ \["network-vpc 10\.\d+\.0\.0\/16"\]/);
    assert.match(markdown, /\d+ x EC2 instance/);
  });
});
