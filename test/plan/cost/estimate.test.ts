import assert from "node:assert/strict";
import { createColors } from "picocolors";
import { comparisonOf, compareWith, estimateCells } from "../../../plan/cost/estimate";
import type { Plan } from "../../../plan/json";
import { makePlan } from "../../../plan/plan";
import { renderMarkdown } from "../../../plan/report/markdown";
import { projectRoot } from "../../../plan/settings/project";
import { renderText } from "../../../plan/text";

/** Document 004's table, "Estimated Monthly Costs". */
const table: readonly (readonly [resource: string, configuration: string, usd: number])[] = [
  ["ECS Fargate", "Bot + ML services", 150],
  ["RDS", "db.r6g.large Multi-AZ", 350],
  ["NAT Gateway", "2 x NAT Gateway", 70],
  ["ALB", "Application Load Balancer", 25],
  ["S3", "50 GB storage", 5],
  ["CloudWatch", "Logs + Metrics", 30],
];

describe("a document's estimate beside today's prices", () => {
  let plan: Plan;
  before(async () => {
    const configFile = "blueprints/betting-bot.yaml";
    ({ plan } = await makePlan({ root: projectRoot(), configFile, policies: false }));
  });

  it("has document 004's table to the figure, and its total", () => {
    const found = comparisonOf(plan);
    const rows = found?.rows.filter(({ estimated }) => estimated !== undefined) ?? [];
    assert.deepEqual(
      rows.map(({ resource, configuration, estimated }) => [resource, configuration, estimated]),
      table,
    );
    assert.equal(found?.estimated, 630);
    assert.equal(
      table.reduce((sum, [, , usd]) => sum + usd, 0),
      630,
    );
  });

  it("puts every cost line into one row, and explains each", () => {
    const { rows = [], today } = comparisonOf(plan) ?? {};
    const sum = rows.reduce((total, row) => total + row.today, 0);
    assert.ok(Math.abs(sum - plan.cost.monthly) < 0.05, `${sum} of ${plan.cost.monthly}`);
    assert.equal(today, plan.cost.monthly);
    for (const { resource, why } of rows) assert.ok(why.length > 20, resource);
  });

  it("holds the figures that its explanations rest on", () => {
    const today = (resource: string) => comparisonOf(plan)?.rows.find((row) => row.resource === resource)?.today;
    // 0.5 vCPU and 1 GB once, 2 vCPU and 4 GB twice, for 730 hours.
    const fargate = 730 * (4.5 * 0.040479452 + 9 * 0.0044452055);
    assert.ok(Math.abs((today("ECS Fargate") ?? 0) - fargate) < 0.02, String(today("ECS Fargate")));
    // Two gateways at 0.045 an hour, 100 GB through each at 0.045, two addresses at 0.005 an hour.
    assert.equal(today("NAT Gateway"), 82);
    assert.ok((today("RDS") ?? 999) < 350, "two nodes on EC2 cost less than RDS Multi-AZ");
    assert.ok((today("ALB") ?? 0) > 16 && (today("S3") ?? 0) > 0 && (today("CloudWatch") ?? 0) > 0);
  });

  it("is shown as text and Markdown, and for no other stack", async () => {
    const text = renderText(plan, { colors: createColors(false) });
    assert.match(text, /beside document 004, "Estimated Monthly Costs"/);
    assert.match(
      text,
      /RDS \(db\.r6g\.large Multi-AZ\) +\$350\.00 +\$[\d.]+ +-\$[\d.]+ {2}RDS does not offer TimescaleDB/,
    );
    assert.match(renderMarkdown(plan, "us-east-1", []), /\| Total \| \\\$630\.00 \| \\\$[\d.]+ \| \+\\\$[\d.]+ \|/);
    const dev = await makePlan({ root: projectRoot(), stack: "dev", policies: false });
    assert.equal(comparisonOf(dev.plan), undefined);
  });

  it("keeps what the document does not name apart", () => {
    const lines = [{ urn: plan.resources[0]?.urn ?? "", component: "c", monthly: 3, basis: "" }];
    const other = { ...plan, cost: { ...plan.cost, monthly: 3, lines } };
    const found = compareWith({ source: "a document", total: 5, lines: [] }, other);
    assert.deepEqual(estimateCells(found).at(-1), ["Total", "$5.00", "$3.00", "-$2.00", ""]);
    assert.equal(found.rows[0]?.estimated, undefined);
  });
});
