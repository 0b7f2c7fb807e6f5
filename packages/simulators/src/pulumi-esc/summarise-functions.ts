/** How often each builtin is called, and where something is rotated: from the expressions of a checked environment. */
export function summariseFunctions(wire: unknown): { funcCounts: Record<string, number>; rotationPaths: string[] } {
  const counts = new Map<string, number>();
  const rotationPaths: string[] = [];
  const waiting: { expression: unknown; path: string }[] = membersOf(fieldOf(wire, "exprs"), "");
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { expression, path } = next;
    const builtin = fieldOf(expression, "builtin");
    const name = fieldOf(builtin, "name");
    if (typeof name === "string") {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (name.startsWith("fn::rotate")) rotationPaths.push(path);
      waiting.push({ expression: fieldOf(builtin, "arg"), path });
    }
    waiting.push(...membersOf(fieldOf(expression, "object"), path));
    const list = fieldOf(expression, "list");
    if (Array.isArray(list)) {
      waiting.push(...list.map((item: unknown, index) => ({ expression: item, path: `${path}[${index}]` })));
    }
  }
  return { funcCounts: Object.fromEntries(counts), rotationPaths: rotationPaths.sort() };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function membersOf(value: unknown, path: string): { expression: unknown; path: string }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([key, expression]) => ({ expression, path: path === "" ? key : `${path}.${key}` }));
}
