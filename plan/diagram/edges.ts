/** Lines between what is drawn, and where their ports stand so that they hide nothing. */
import { badgeBeyond, titleHeight, titleWidth, type Box, type Layout } from "./layout";
import type { Place, Scene, SceneEdge, SceneNode } from "./scene";
import { escape, figure } from "./text";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A cubic curve: both ends, and the two points that bend it. */
type Curve = readonly [Point, Point, Point, Point];

function contains(outer: Box, inner: Box): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}

/** From the sides that face each other; from a place to what stands in it, from the place's edge. */
function curveBetween(from: Box, to: Box): Curve {
  const middle = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  const [a, b] = [middle(from), middle(to)];
  if (contains(from, to)) {
    const [start, end] = [
      { x: from.x, y: b.y },
      { x: to.x, y: b.y },
    ];
    return [start, start, end, end];
  }
  const right = from.x + from.width <= to.x;
  const left = to.x + to.width <= from.x;
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
  const bend = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  return right || left
    ? [start, { x: bend.x, y: start.y }, { x: bend.x, y: end.y }, end]
    : [start, { x: start.x, y: bend.y }, { x: end.x, y: bend.y }, end];
}

function at([a, b, c, d]: Curve, t: number): Point {
  const u = 1 - t;
  const mix = (get: (point: Point) => number) =>
    u ** 3 * get(a) + 3 * u * u * t * get(b) + 3 * u * t * t * get(c) + t ** 3 * get(d);
  return { x: mix(({ x }) => x), y: mix(({ y }) => y) };
}

/** Size of a label's characters, generously, and of its line. */
const label = { character: 7, height: 13 };

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Boxes that a label must not stand on: every node with its badge, and the titles of places. */
function takenBy(scene: Scene, layout: Layout): Box[] {
  const boxOf = (id: string) => layout.boxes.get(id);
  const nodeBox = ({ id, violations }: SceneNode) => {
    const box = boxOf(id);
    if (!box || violations === 0) return box;
    const { top, right } = badgeBeyond;
    return { x: box.x, y: box.y - top, width: box.width + right, height: box.height + top };
  };
  const of = (place: Place): (Box | undefined)[] => {
    const box = boxOf(place.id);
    const title = box && { x: box.x, y: box.y, width: titleWidth(place.label), height: titleHeight };
    return [title, ...place.nodes.map(nodeBox), ...place.places.flatMap(of)];
  };
  return of(scene.root).flatMap((box) => box ?? []);
}

/** Shares of the way at which a label may stand, the middle first. */
const shares = Array.from(
  { length: 37 },
  (_, index) => 0.5 + (index % 2 === 0 ? 1 : -1) * Math.ceil(index / 2) * 0.025,
);

/** How far beside its curve a label may stand, on the curve first: the gap above or below a row of nodes is within it. */
const besides = [0, 6, -6, 12, -12, 20, -20, 28, -28, 36, -36, 44, -44];

/** The point nearest to a curve and its middle where a text hides nothing, else one between two boxes; else the middle. */
function labelPoint(curve: Curve, text: string, taken: Box[]): Point {
  const width = text.length * label.character;
  const boxAt = ({ x, y }: Point) => ({ x: x - width / 2, y: y - label.height + 3, width, height: label.height });
  const points = shares.map((t) => at(curve, t));
  const around = besides.flatMap((beside) => points.map(({ x, y }) => ({ x, y: y + beside })));
  const dot = ({ x, y }: Point) => ({ x, y: y - label.height / 2, width: 1, height: label.height });
  const free = (among: readonly Point[], boxOf: (point: Point) => Box) =>
    among.find((point) => !taken.some((box) => overlaps(box, boxOf(point))));
  const point = free(around, boxAt) ?? free(points, dot) ?? at(curve, 0.5);
  taken.push(boxAt(point));
  return point;
}

const group = ({ kind, from, to }: SceneEdge, inner: string) =>
  `<g class="edge ${kind}" data-from="${escape(from)}" data-to="${escape(to)}">${inner}</g>`;

/** Every edge's line, and apart from them their ports: those are drawn after the nodes, so that no node hides them. */
export function edgesSvg(scene: Scene, layout: Layout): { lines: string; labels: string } {
  const taken = takenBy(scene, layout);
  let lines = "";
  let labels = "";
  for (const edge of scene.edges) {
    const from = layout.boxes.get(edge.from);
    const to = layout.boxes.get(edge.to);
    if (!from || !to) continue;
    const curve = curveBetween(from, to);
    const [a, b, c, d] = curve.map(({ x, y }) => `${figure(x)} ${figure(y)}`);
    const marker = edge.kind === "traffic" ? ' marker-end="url(#arrow)"' : "";
    lines += group(edge, `<path d="M${a ?? ""}C${b ?? ""} ${c ?? ""} ${d ?? ""}"${marker}/>`);
    if (edge.label === "") continue;
    const { x, y } = labelPoint(curve, edge.label, taken);
    labels += group(edge, `<text x="${figure(x)}" y="${figure(y)}">${escape(edge.label)}</text>`);
  }
  return { lines, labels };
}
