/** The plan as one self-contained page: a diagram to search, filter and click through. It asks no other host for anything. */
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import type { Plan, PlannedResource } from "../json";
import { money } from "../report/markdown-text";
import { projectRoot } from "../settings/project";
import { costInWords, modelCounts, notPriced, withoutName } from "../text";
import { layOut } from "./layout";
import { makeScene, type Place, type SceneNode } from "./scene";
import { renderSvg } from "./svg";
import { escape } from "./text";

/** Of a group this many members are shown with their inputs, the others by name. */
const membersShown = 3;
const namesShown = 1_000;
/** Longer texts, such as user data, are cut. */
const longestText = 300;

function cut(value: unknown): unknown {
  if (typeof value === "string") return value.length > longestText ? `${value.slice(0, longestText)}…` : value;
  if (Array.isArray(value)) return value.map(cut);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cut(inner)]));
}

/** File that a component's class is in, by the house's rule: `trading:<room>:<Class>` in `components/<room>/<class>`. */
function sourceFile(type: string, root: string): string | undefined {
  const [, room, name] = /^trading:(\w+):(\w+)$/.exec(type) ?? [];
  if (!room || !name) return undefined;
  const kebab = name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
  const files = [
    `components/${room}/${kebab}.ts`,
    `components/${room}/${kebab}/${kebab}.ts`,
    `components/${room}/${kebab}/index.ts`,
  ];
  return files.find((file) => existsSync(path.join(root, file)));
}

function declaredIn(resource: PlannedResource, byUrn: ReadonlyMap<string, PlannedResource>, root: string): string {
  for (
    let at = resource.parent === null ? undefined : byUrn.get(resource.parent);
    at;
    at = at.parent === null ? undefined : byUrn.get(at.parent)
  ) {
    const file = sourceFile(at.type, root);
    if (file) return `${file} (${at.name})`;
  }
  return "index.ts";
}

function allNodes(place: Place): SceneNode[] {
  return [...place.nodes, ...place.places.flatMap(allNodes)];
}

/** What a click on a node shows. */
function details(plan: Plan, nodes: readonly SceneNode[]): Record<string, unknown> {
  const root = projectRoot();
  const byUrn = new Map(plan.resources.map((resource) => [resource.urn, resource]));
  const costs = new Map(plan.cost.lines.map((line) => [line.urn, line]));
  const violations = new Map<string, Plan["policy"]["violations"]>();
  for (const one of plan.policy.violations) violations.set(one.urn, [...(violations.get(one.urn) ?? []), one]);
  const show = (urn: string) => {
    const resource = byUrn.get(urn);
    if (!resource) return undefined;
    const cost = costs.get(urn);
    return {
      name: resource.name,
      type: resource.type,
      urn,
      declared: declaredIn(resource, byUrn, root),
      protect: resource.protect || undefined,
      cost: cost && `${money(cost.monthly)} a month. ${cost.basis}`,
      inputs: cut(resource.inputs),
    };
  };
  return Object.fromEntries(
    nodes.map(({ id, label, kind, urns, monthly }) => [
      id,
      {
        label,
        kind: kind.label,
        monthly: monthly > 0 ? money(monthly) : undefined,
        violations: urns
          .flatMap((urn) => violations.get(urn) ?? [])
          .map(({ policy, enforcement, severity, message }) => ({
            policy,
            level: `${enforcement}, ${severity}`,
            message,
          })),
        resources: urns.slice(0, urns.length > 1 ? membersShown : 1).map(show),
        others: urns.slice(membersShown, namesShown).map((urn) => byUrn.get(urn)?.name),
      },
    ]),
  );
}

/** JSON that cannot end the script element it stands in. */
function embedded(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}

const part = (file: string) => readFileSync(path.join(__dirname, "page", file), "utf8");

function summary(plan: Plan): string {
  const { violations } = plan.policy;
  const mandatory = violations.filter(({ enforcement }) => enforcement === "mandatory").length;
  const models = modelCounts(plan) === undefined ? "" : `, ${plan.models.accepted.length.toLocaleString("en")} models`;
  return `${plan.resources.length.toLocaleString("en")} resources${models}, ${costInWords(plan)}, ${mandatory} mandatory and ${violations.length - mandatory} advisory violations of ${plan.policy.evaluated} policies`;
}

/** Violations of what is drawn and of what is not, for whoever has chosen nothing yet. */
function violationList(plan: Plan): string {
  const { violations } = plan.policy;
  if (violations.length === 0) return "";
  const items = violations.slice(0, namesShown).map(({ policy, enforcement, severity, urn, message }) => {
    const name = urn.split("::").at(-1) ?? "";
    const head = `<strong>${escape(policy)} (${enforcement}, ${severity})</strong>`;
    return `<div class="violation">${head}<p>${escape(name)}: ${escape(withoutName(message, name))}</p></div>`;
  });
  return `<h2>Violations: ${violations.length}</h2>${items.join("")}`;
}

/** What the sum leaves out, and why. */
function unpricedList(plan: Plan): string {
  const rows = notPriced(plan).map(([type, reason]) => `<dt>${escape(type)}</dt><dd>${escape(reason)}</dd>`);
  return rows.length === 0 ? "" : `<h2>Not priced, so not in the sum: ${rows.length}</h2><dl>${rows.join("")}</dl>`;
}

const layers = [
  ["network", "Network", true],
  ["access", "Access", true],
  ["data", "Data", true],
  ["cost", "Cost", true],
  ["violations", "Violations", true],
  ["references", "All references", false],
] as const;

/** The page. */
export async function renderHtml(plan: Plan, region: string): Promise<string> {
  const scene = makeScene(plan, region);
  const svg = renderSvg(scene, await layOut(scene));
  const title = `${plan.project} ${plan.stack}`;
  const boxes = layers.map(
    ([id, label, on]) => `<label><input type="checkbox" data-layer="${id}"${on ? " checked" : ""}> ${label}</label>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>Plan of ${escape(title)}</title>
<style>
${part("page.css")}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p>${escape(summary(plan))}</p>
<div class="tools">
<label>Search <input type="search" id="search" placeholder="name, kind or type"></label>
<output id="found" for="search"></output>
<fieldset><legend>Layers</legend>${boxes.join("")}</fieldset>
<button type="button" data-zoom="1.25" aria-label="Zoom in">+</button>
<button type="button" data-zoom="0.8" aria-label="Zoom out">−</button>
<button type="button" data-zoom="fit">Fit</button>
</div>
</header>
<main>
<section id="canvas" aria-label="Diagram" tabindex="0">${svg}</section>
<aside id="details" aria-live="polite" aria-label="Details" tabindex="0"><p>Choose a resource: click, or Tab and Enter. Arrow keys go to the nearest one, Escape closes.</p>${violationList(plan)}${unpricedList(plan)}</aside>
</main>
<script type="application/json" id="data">${embedded(details(plan, allNodes(scene.root)))}</script>
<script>
${part("page.js")}</script>
</body>
</html>
`;
}
