/** What each node needs. */
export type Edges = Map<string, Set<string>>;

/** The first cycle found, its first node again at its end; empty where there is none. */
export function cycleOf(edges: Edges): string[] {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] => {
    const before = path.indexOf(node);
    if (before >= 0) return [...path.slice(before), node];
    if (done.has(node)) return [];
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle.length > 0) return cycle;
    }
    done.add(node);
    return [];
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
