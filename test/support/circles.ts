type Graph = ReadonlyMap<string, readonly string[]>;

/** For each set of nodes that reach one another, a shortest circle through its first node. */
export function circles(graph: Graph): { path: readonly string[]; members: readonly string[] }[] {
  const seen = new Set<string>();
  return [...graph.keys()].flatMap((start) => {
    const path = seen.has(start) ? null : wayBack(graph, start);
    if (path === null) return [];
    const members = [...reached(graph, start)].filter((node) => reached(graph, node).has(start));
    for (const member of members) seen.add(member);
    return [{ path, members }];
  });
}

function reached(graph: Graph, start: string): Set<string> {
  const found = new Set<string>();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const next of graph.get(node) ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

function wayBack(graph: Graph, start: string): string[] | null {
  const paths = [[start]];
  const seen = new Set<string>();
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    for (const next of graph.get(path.at(-1) ?? start) ?? []) {
      if (next === start) return [...path, next];
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return null;
}
