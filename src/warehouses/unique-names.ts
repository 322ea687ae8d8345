/** Names of columns, each made unlike all others by a number: `a`, `a:1`; the first of a name keeps it. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    let free = name;
    if (seen.has(name)) for (let nth = 1; taken.has(free); nth += 1) free = `${name}:${nth}`;
    seen.add(name);
    taken.add(free);
    return free;
  });
}
