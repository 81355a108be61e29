/** The scene as Mermaid text, which GitHub draws inside Markdown. */
import { internetId, type Place, type Scene, type SceneNode } from "./scene";

/** More lines than this make a drawing that nobody reads. */
const longest = 120;

function quoted(text: string): string {
  return `"${text.replace(/&/g, "#amp;").replace(/"/g, "#quot;").replace(/</g, "#lt;").replace(/>/g, "#gt;").replace(/\s+/g, " ")}"`;
}

/** The scene as a Mermaid flow chart: places as subgraphs, traffic as arrows with their ports. */
export function renderMermaid(scene: Scene): string {
  const ids = new Map<string, string>();
  const id = (key: string) => {
    const known = ids.get(key) ?? `n${ids.size}`;
    ids.set(key, known);
    return known;
  };
  const lines = ["flowchart LR"];
  if (scene.internet) lines.push(`  ${id(internetId)}((Internet))`);
  const node = ({ id: key, label, kind }: SceneNode, indent: string) =>
    lines.push(`${indent}${id(key)}[${quoted(`${label} (${kind.label})`)}]`);
  const drawn = (place: Place): boolean =>
    place.nodes.some(({ kind }) => kind.layer !== "access") || place.places.some(drawn);
  const place = (one: Place, indent: string) => {
    if (!drawn(one)) return;
    lines.push(`${indent}subgraph ${id(`place|${one.id}`)} [${quoted(one.label)}]`);
    for (const inner of one.nodes) if (inner.kind.layer !== "access") node(inner, `${indent}  `);
    for (const inner of one.places) place(inner, `${indent}  `);
    lines.push(`${indent}end`);
  };
  place(scene.root, "  ");
  for (const { from, to, kind, label } of scene.edges) {
    if (kind !== "traffic" || !ids.has(from) || !ids.has(to)) continue;
    if (lines.length > longest) break;
    lines.push(`  ${id(from)} -->|${quoted(label)}| ${id(to)}`);
  }
  return lines.join("\n");
}
