import assert from "node:assert/strict";
import { createColors } from "picocolors";
import { everyStack } from "../../plan/checkov/run";
import { renderHtml } from "../../plan/diagram/html";
import { renderJson, type Plan } from "../../plan/json";
import { makePlan, type Planned } from "../../plan/plan";
import { renderMarkdown } from "../../plan/report/markdown";
import { projectRoot } from "../../plan/settings/project";
import { costByComponent, renderText } from "../../plan/text";

const shown = (usd: number) => `$${usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const cents = (usd: number) => Math.round(usd * 100);

/** What the page knows of each node that it draws. */
function nodesOf(html: string): { label: string; monthly?: string; resources: { urn: string }[]; others: string[] }[] {
  const [, data = ""] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  return Object.values(JSON.parse(data) as Record<string, never>);
}

/** A page's or a Markdown text without what its form adds. */
const plainText = (text: string) =>
  text
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&")
    .replace(/\\/g, "");

describe("text, JSON, Markdown and the page agree", () => {
  for (const { name, configFile } of everyStack(projectRoot())) {
    describe(`on ${name}`, () => {
      let planned: Planned;
      let texts: { text: string; json: Plan; markdown: string; html: string };
      before(async () => {
        planned = await makePlan({
          root: projectRoot(),
          ...(configFile ? { configFile } : { stack: name }),
          policies: false,
        });
        const { plan, region, advice } = planned;
        texts = {
          text: renderText(plan, { colors: createColors(false), advice, full: true }),
          json: JSON.parse(renderJson(plan)) as Plan,
          markdown: plainText(renderMarkdown(plan, region, advice)),
          html: await renderHtml(plan, region),
        };
      });

      it("what a month costs, and what is in it", () => {
        const { text, json, markdown, html } = texts;
        const total = shown(json.cost.monthly);
        const lines = json.cost.lines.reduce((sum, { monthly }) => sum + cents(monthly), 0);
        assert.equal(lines, cents(json.cost.monthly), "the sum of its lines");
        assert.ok(text.includes(`Cost: ${total} a month`));
        assert.ok(markdown.includes(`| **Total** | **${total}** |`));
        assert.ok(html.includes(`${total} a month`));
        for (const [component, monthly] of costByComponent(json)) {
          assert.match(text, new RegExp(`^ {2}${component} +\\${shown(monthly)}$`, "m"));
          assert.ok(markdown.includes(`| \`${component}\` | ${shown(monthly)} |`), component);
        }
      });

      it("the cost of every node that is drawn", () => {
        const costs = new Map(texts.json.cost.lines.map(({ urn, monthly }) => [urn, monthly]));
        let drawn = 0;
        for (const { monthly, resources, others } of nodesOf(texts.html)) {
          if (others.length > 0 || resources.length !== 1) continue;
          const cost = costs.get(resources[0]?.urn ?? "");
          assert.equal(monthly, cost === undefined ? undefined : shown(cost));
          drawn++;
        }
        assert.ok(drawn > 10);
      });

      it("what has no price, and why", () => {
        const { cost } = texts.json;
        assert.deepEqual(Object.keys(cost.reasons ?? {}), cost.unpriced);
        const page = plainText(texts.html);
        for (const [type, reason] of Object.entries(cost.reasons ?? {})) {
          assert.match(reason, /npm run prices asks AWS for it, --prices takes yours$/, type);
          assert.ok(texts.text.includes(`not priced: ${type}: ${reason}`), type);
          assert.ok(texts.markdown.includes(`\`${type}\`: ${reason}`), type);
          assert.ok(page.includes(`<dt>${type}</dt><dd>${reason}</dd>`), type);
          assert.ok(texts.json.warnings.includes(`Not priced: ${type}: ${reason}`), type);
        }
      });

      it("how much there is of everything", () => {
        const { text, json, markdown, html } = texts;
        const resources = json.resources.length.toLocaleString("en");
        assert.ok(text.includes(`Resources: ${resources}`));
        assert.ok(markdown.includes(`${resources} resources`) && html.includes(`${resources} resources`));
        const models = json.models.accepted.length;
        if (models === 0) return;
        assert.ok(text.includes(`Models: ${models} accepted`));
        assert.ok(markdown.includes(`${models} models`) && html.includes(`${models} models`));
      });
    });
  }
});
