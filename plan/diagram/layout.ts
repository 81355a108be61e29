/** Where everything of a scene stands: laid out by ELK once, when the page is built. */
import ELK, { type ElkNode } from "elkjs/lib/elk.bundled.js";
import { internetId, type Place, type Scene, type SceneNode } from "./scene";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Absolute boxes of places and nodes by id. */
  readonly boxes: ReadonlyMap<string, Box>;
}

export const nodeSize = { width: 212, height: 48 } as const;
/** How far the number of a node's violations stands out at its corner. */
export const badgeBeyond = { top: 9, right: 8 } as const;
const gap = 20;
/** Room for a place's title. */
export const titleHeight = 30;
/** Width of a character of a title, in pixels, generously. */
const titleCharacter = 7.4;

const packing = (aspect: number) => ({
  "elk.algorithm": "rectpacking",
  "elk.padding": `[top=${titleHeight + gap},left=${gap},bottom=${gap},right=${gap}]`,
  "elk.spacing.nodeNode": String(gap),
  "elk.aspectRatio": String(aspect),
});

export const titleWidth = (text: string) => text.length * titleCharacter + 2 * gap;

function leaf({ id }: SceneNode): ElkNode {
  return { id, ...nodeSize };
}

function tree(place: Place): ElkNode {
  const size = { width: titleWidth(place.label), height: titleHeight + gap };
  if (place.nodes.length + place.places.length === 0) return { id: place.id, ...size };
  const least = {
    "elk.nodeSize.constraints": "MINIMUM_SIZE",
    "elk.nodeSize.minimum": `(${size.width}, ${size.height})`,
  };
  return {
    id: place.id,
    layoutOptions: { ...least, ...packing(place.kind === "region" ? 1.6 : place.kind === "vpc" ? 1.4 : 0.8) },
    children: [...place.nodes.map(leaf), ...place.places.map(tree)],
  };
}

/** Lays a scene out. */
export async function layOut(scene: Scene): Promise<Layout> {
  const internet: ElkNode[] = scene.internet ? [{ id: internetId, ...nodeSize }] : [];
  const graph: ElkNode = {
    id: "page",
    layoutOptions: { ...packing(1.6), "elk.padding": `[top=${gap},left=${gap},bottom=${gap},right=${gap}]` },
    children: [...internet, tree(scene.root)],
  };
  const placed = await new ELK().layout(graph);
  const boxes = new Map<string, Box>();
  const collect = (node: ElkNode, left: number, top: number) => {
    for (const child of node.children ?? []) {
      const { x = 0, y = 0, width = 0, height = 0 } = child;
      boxes.set(child.id, { x: left + x, y: top + y, width, height });
      collect(child, left + x, top + y);
    }
  };
  collect(placed, 0, 0);
  return { width: placed.width ?? 0, height: placed.height ?? 0, boxes };
}
