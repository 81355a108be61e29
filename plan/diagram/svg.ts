/** The laid-out scene as SVG. */
import { nodeSize, type Box, type Layout } from "./layout";
import { internetId, type Place, type Scene, type SceneEdge, type SceneNode } from "./scene";

/** Characters of a label that a node has room for. */
const labelLength = 22;

export function escape(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
}

/** The end of a name tells more than its beginning, which its place repeats: a long one is cut at the left. */
function nameSvg(label: string): string {
  const long = label.length > labelLength;
  const at = long ? `x="${nodeSize.width - 8}" text-anchor="end"` : 'x="46"';
  return `<text class="name" clip-path="url(#name)" ${at} y="21">${escape(label)}</text>`;
}

const figure = (value: number) => String(Math.round(value * 10) / 10);

function placeSvg(place: Place, layout: Layout): string {
  const box = layout.boxes.get(place.id);
  if (!box) return "";
  const title = `<text class="place-title" x="${figure(box.x + 12)}" y="${figure(box.y + 21)}">${escape(place.label)}</text>`;
  const frame = `<rect x="${figure(box.x)}" y="${figure(box.y)}" width="${figure(box.width)}" height="${figure(box.height)}" rx="8"/>`;
  return `<g class="place ${place.kind}">${frame}${title}</g>${place.places.map((inner) => placeSvg(inner, layout)).join("")}`;
}

/** A node is named by its own texts; the spaces between them keep the words apart. */
function nodeSvg(node: SceneNode, layout: Layout): string {
  const box = layout.boxes.get(node.id);
  if (!box) return "";
  const classes = ["node", node.kind.layer, node.violations > 0 ? "violated" : "", node.urns.length > 1 ? "group" : ""];
  const cost =
    node.monthly > 0 ? `<text class="cost" x="${nodeSize.width - 10}" y="39">$${node.monthly.toFixed(2)}</text>` : "";
  const alarm =
    node.violations > 0
      ? ` <text class="alarm" x="${nodeSize.width - 10}" y="21">${node.violations} violations</text>`
      : "";
  const stack =
    node.urns.length > 1
      ? `<rect class="behind" x="4" y="4" width="${nodeSize.width}" height="${nodeSize.height}" rx="6"/>`
      : "";
  return (
    `<g class="${classes.filter(Boolean).join(" ")}" role="button" tabindex="0" data-id="${escape(node.id)}" data-name="${escape(node.label)}" transform="translate(${figure(box.x)} ${figure(box.y)})">` +
    `${stack}<rect class="body" width="${nodeSize.width}" height="${nodeSize.height}" rx="6"/><rect class="icon" x="6" y="8" width="32" height="32" rx="6"/>` +
    nameSvg(node.label) +
    `<text class="kind" x="46" y="39">${escape(node.kind.label)}</text> ${cost}${alarm}</g>`
  );
}

/** A curve between two boxes, from the sides that face each other. */
function path(from: Box, to: Box): { d: string; x: number; y: number } {
  const right = from.x + from.width <= to.x;
  const left = to.x + to.width <= from.x;
  const middle = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  const [a, b] = [middle(from), middle(to)];
  const start = right
    ? { x: from.x + from.width, y: a.y }
    : left
      ? { x: from.x, y: a.y }
      : { x: a.x, y: b.y > a.y ? from.y + from.height : from.y };
  const end = right
    ? { x: to.x, y: b.y }
    : left
      ? { x: to.x + to.width, y: b.y }
      : { x: b.x, y: b.y > a.y ? to.y : to.y + to.height };
  const bend = right || left ? { x: (start.x + end.x) / 2, y: undefined } : { x: undefined, y: (start.y + end.y) / 2 };
  const one = `${figure(bend.x ?? start.x)} ${figure(bend.y ?? start.y)}`;
  const two = `${figure(bend.x ?? end.x)} ${figure(bend.y ?? end.y)}`;
  return {
    d: `M${figure(start.x)} ${figure(start.y)}C${one} ${two} ${figure(end.x)} ${figure(end.y)}`,
    x: (start.x + end.x) / 2,
    y: (start.y + end.y) / 2,
  };
}

/** Icons' letters apart from the buttons: they are decoration, and no part of a button's name. */
function markSvg(node: SceneNode, layout: Layout): string {
  const box = layout.boxes.get(node.id);
  if (!box) return "";
  return `<text class="mark ${node.kind.layer}" x="${figure(box.x + 22)}" y="${figure(box.y + 29)}">${escape(node.kind.mark)}</text>`;
}

function edgeSvg(edge: SceneEdge, layout: Layout): string {
  const from = layout.boxes.get(edge.from);
  const to = layout.boxes.get(edge.to);
  if (!from || !to) return "";
  const { d, x, y } = path(from, to);
  const label = edge.label ? `<text x="${figure(x)}" y="${figure(y)}">${escape(edge.label)}</text>` : "";
  const marker = edge.kind === "traffic" ? ' marker-end="url(#arrow)"' : "";
  return `<g class="edge ${edge.kind}" data-from="${escape(edge.from)}" data-to="${escape(edge.to)}"><path d="${d}"${marker}/>${label}</g>`;
}

function allNodes(place: Place): SceneNode[] {
  return [...place.nodes, ...place.places.flatMap(allNodes)];
}

/** The drawing; nodes are buttons, so that a keyboard reaches them. */
export function renderSvg(scene: Scene, layout: Layout): string {
  const nodes = allNodes(scene.root);
  const internet = layout.boxes.get(internetId);
  const outside = internet
    ? `<g class="outside"><rect x="${figure(internet.x)}" y="${figure(internet.y)}" width="${internet.width}" height="${internet.height}" rx="24"/><text x="${figure(internet.x + internet.width / 2)}" y="${figure(internet.y + 30)}">Internet</text></g>`
    : "";
  return (
    `<svg role="group" aria-label="Diagram of the stack" viewBox="0 0 ${Math.ceil(layout.width)} ${Math.ceil(layout.height)}" width="${Math.ceil(layout.width)}" height="${Math.ceil(layout.height)}">` +
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker>` +
    `<clipPath id="name"><rect x="46" y="0" width="${nodeSize.width - 54}" height="48"/></clipPath></defs>` +
    `${placeSvg(scene.root, layout)}${outside}<g aria-hidden="true">${scene.edges.map((edge) => edgeSvg(edge, layout)).join("")}</g>` +
    nodes.map((node) => nodeSvg(node, layout)).join("") +
    `<g aria-hidden="true">${nodes.map((node) => markSvg(node, layout)).join("")}</g></svg>`
  );
}
