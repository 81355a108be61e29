/** The laid-out scene as SVG. */
import { edgesSvg } from "./edges";
import { badgeBeyond, nodeSize, type Layout } from "./layout";
import { internetId, type Place, type Scene, type SceneNode } from "./scene";
import { escape, figure } from "./text";

/** Characters of a label that a node has room for. */
const labelLength = 22;

/** The end of a name tells more than its beginning, which its place repeats: a long one is cut at the left. */
function nameSvg(label: string): string {
  const long = label.length > labelLength;
  const at = long ? `x="${nodeSize.width - 8}" text-anchor="end"` : 'x="46"';
  return `<text class="name" clip-path="url(#name)" ${at} y="21">${escape(label)}</text>`;
}

function placeSvg(place: Place, layout: Layout): string {
  const box = layout.boxes.get(place.id);
  if (!box) return "";
  const title = `<text class="place-title" x="${figure(box.x + 12)}" y="${figure(box.y + 21)}">${escape(place.label)}</text>`;
  const frame = `<rect x="${figure(box.x)}" y="${figure(box.y)}" width="${figure(box.width)}" height="${figure(box.height)}" rx="8"/>`;
  return `<g class="place ${place.kind}">${frame}${title}</g>${place.places.map((inner) => placeSvg(inner, layout)).join("")}`;
}

/** Widths of the second line's characters, in pixels. */
const character = 6.1;

/** The kind, cut where the cost needs the room. */
function kindSvg(kind: string, cost: string): string {
  const room = Math.floor((nodeSize.width - 61 - cost.length * character) / character);
  const shown = kind.length > room ? `${kind.slice(0, room - 1)}…` : kind;
  return `<text class="kind" x="46" y="39">${escape(shown)}</text>`;
}

/** How many violations, on the node's corner: there it hides neither name nor cost. */
function alarmSvg({ violations }: SceneNode): string {
  if (violations === 0) return "";
  const width = 11 + 7 * String(violations).length;
  const x = nodeSize.width + badgeBeyond.right - width;
  return `<g class="alarm"><rect x="${x}" y="${-badgeBeyond.top}" width="${width}" height="18" rx="9"/><text x="${x + width / 2}" y="4">${violations}</text></g>`;
}

/** A node is named by its own texts, apart by spaces; where it violates policies, so that the number has its word. */
function nodeSvg(node: SceneNode, layout: Layout): string {
  const box = layout.boxes.get(node.id);
  if (!box) return "";
  const { label, kind, violations, urns, monthly } = node;
  const classes = ["node", kind.layer, violations > 0 ? "violated" : "", urns.length > 1 ? "group" : ""];
  const amount = monthly > 0 ? `$${monthly.toFixed(2)}` : "";
  const cost = amount ? `<text class="cost" x="${nodeSize.width - 10}" y="39">${amount}</text>` : "";
  const inWords = [label, kind.label, amount, `${violations} ${violations === 1 ? "violation" : "violations"}`];
  const name = violations > 0 ? ` aria-label="${escape(inWords.filter(Boolean).join(" "))}"` : "";
  const stack =
    urns.length > 1
      ? `<rect class="behind" x="4" y="4" width="${nodeSize.width}" height="${nodeSize.height}" rx="6"/>`
      : "";
  return (
    `<g class="${classes.filter(Boolean).join(" ")}" role="button" tabindex="0"${name} data-id="${escape(node.id)}" data-name="${escape(label)}" transform="translate(${figure(box.x)} ${figure(box.y)})">` +
    `${stack}<rect class="body" width="${nodeSize.width}" height="${nodeSize.height}" rx="6"/><rect class="icon" x="6" y="8" width="32" height="32" rx="6"/>` +
    `${nameSvg(label)}${kindSvg(kind.label, amount)} ${cost}${alarmSvg(node)}</g>`
  );
}

/** Icons' letters apart from the buttons: they are decoration, and no part of a button's name. */
function markSvg(node: SceneNode, layout: Layout): string {
  const box = layout.boxes.get(node.id);
  if (!box) return "";
  return `<text class="mark ${node.kind.layer}" x="${figure(box.x + 22)}" y="${figure(box.y + 29)}">${escape(node.kind.mark)}</text>`;
}

function allNodes(place: Place): SceneNode[] {
  return [...place.nodes, ...place.places.flatMap(allNodes)];
}

/** The drawing; nodes are buttons, so that a keyboard reaches them. */
export function renderSvg(scene: Scene, layout: Layout): string {
  const nodes = allNodes(scene.root);
  const internet = layout.boxes.get(internetId);
  const edges = edgesSvg(scene, layout);
  const outside = internet
    ? `<g class="outside"><rect x="${figure(internet.x)}" y="${figure(internet.y)}" width="${internet.width}" height="${internet.height}" rx="24"/><text x="${figure(internet.x + internet.width / 2)}" y="${figure(internet.y + 30)}">Internet</text></g>`
    : "";
  return (
    `<svg role="group" aria-label="Diagram of the stack" viewBox="0 0 ${Math.ceil(layout.width)} ${Math.ceil(layout.height)}" width="${Math.ceil(layout.width)}" height="${Math.ceil(layout.height)}">` +
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker>` +
    `<clipPath id="name"><rect x="46" y="0" width="${nodeSize.width - 54}" height="48"/></clipPath></defs>` +
    `${placeSvg(scene.root, layout)}${outside}<g aria-hidden="true">${edges.lines}</g>` +
    nodes.map((node) => nodeSvg(node, layout)).join("") +
    `<g aria-hidden="true">${nodes.map((node) => markSvg(node, layout)).join("")}${edges.labels}</g></svg>`
  );
}
