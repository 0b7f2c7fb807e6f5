import { findNode, type SchemaNode, toPointer } from "./schema-node.ts";

/**
 * Names in a value that no schema mentions, as pointers. OpenAPI lets unknown names pass unless it is told otherwise;
 * a contract test wants to know them. Where a schema leaves its names open on purpose (`additionalProperties`, or an
 * object without any names), all are known.
 */
export function createNameFinder(
  document: object,
  isValid: (pointer: string, value: unknown) => boolean,
): (pointer: string, value: unknown) => string[] {
  /** All of `nodes` hold for `value` at once. */
  function find(nodes: readonly SchemaNode[], value: unknown, at: string): string[] {
    if (typeof value !== "object" || value === null) return [];
    let best: string[] | undefined;
    for (const together of expand(nodes, value)) {
      const unknown = Array.isArray(value) ? findInList(together, value, at) : findInMembers(together, value, at);
      if (unknown.length === 0) return [];
      if (best === undefined || unknown.length < best.length) best = unknown;
    }
    return best ?? [];
  }

  function findInList(nodes: readonly SchemaNode[], items: readonly unknown[], at: string): string[] {
    return items.flatMap((item, index) => {
      const schemas = nodes.flatMap(
        (node) => childOf(node, "prefixItems", String(index)) ?? childOf(node, "items") ?? [],
      );
      return find(schemas, item, `${at}/${index}`);
    });
  }

  function findInMembers(nodes: readonly SchemaNode[], members: object, at: string): string[] {
    const isClosed = nodes.some(({ schema }) => "properties" in schema || "patternProperties" in schema);
    const isOpen = nodes.some(({ schema }) => (schema["additionalProperties"] ?? false) !== false);
    return Object.entries(members).flatMap(([name, member]) => {
      const place = at + toPointer(name);
      const named = nodes.flatMap((node) => [...(childOf(node, "properties", name) ?? []), ...patternsOf(node, name)]);
      const isNamed = named.length > 0 || nodes.some(({ schema }) => hasProperty(schema, name));
      if (!isNamed && isClosed && !isOpen) return [place];
      const schemas = isNamed ? named : nodes.flatMap((node) => childOf(node, "additionalProperties") ?? []);
      return find(schemas, member, place);
    });
  }

  /** The ways in which the schemas can hold together, without references and combinations. */
  function expand(nodes: readonly SchemaNode[], value: unknown): SchemaNode[][] {
    return nodes.reduce<SchemaNode[][]>(
      (ways, node) => ways.flatMap((way) => waysOf(node, value).map((more) => [...way, ...more])),
      [[]],
    );
  }

  function waysOf(node: SchemaNode, value: unknown): SchemaNode[][] {
    const { schema, pointer } = node;
    let ways: SchemaNode[][] = [[node]];
    const also = (more: SchemaNode[][]): void => {
      ways = ways.flatMap((way) => more.map((other) => [...way, ...other]));
    };
    const target = typeof schema["$ref"] === "string" ? findNode(document, schema["$ref"]) : undefined;
    if (target) also(waysOf(target, value));
    for (const part of branchesOf(node, "allOf")) also(waysOf(part, value));
    for (const keyword of ["anyOf", "oneOf"]) {
      const branches = branchesOf({ schema, pointer }, keyword);
      if (branches.length === 0) continue;
      const fitting = branches.filter((branch) => isValid(branch.pointer, value));
      also((fitting.length > 0 ? fitting : branches).flatMap((branch) => waysOf(branch, value)));
    }
    return ways;
  }

  return (pointer, value) => {
    const node = findNode(document, pointer);
    return node === undefined ? [] : find([node], value, "");
  };
}

function branchesOf({ schema, pointer }: SchemaNode, keyword: string): SchemaNode[] {
  const branches = schema[keyword];
  if (!Array.isArray(branches)) return [];
  return branches.flatMap((branch: unknown, index) => toNode(branch, `${pointer}/${keyword}/${index}`));
}

function childOf({ schema, pointer }: SchemaNode, keyword: string, name?: string): SchemaNode[] | undefined {
  const holder = schema[keyword] as Record<string, unknown> | undefined;
  const child =
    name === undefined ? holder : typeof holder === "object" && Object.hasOwn(holder, name) ? holder[name] : undefined;
  const place = name === undefined ? toPointer(keyword) : toPointer(keyword, name);
  const nodes = toNode(child, pointer + place);
  return nodes.length > 0 ? nodes : undefined;
}

function patternsOf({ schema, pointer }: SchemaNode, name: string): SchemaNode[] {
  return Object.entries((schema["patternProperties"] ?? {}) as Record<string, unknown>)
    .filter(([pattern]) => new RegExp(pattern, "u").test(name))
    .flatMap(([pattern, child]) => toNode(child, pointer + toPointer("patternProperties", pattern)));
}

function hasProperty(schema: SchemaNode["schema"], name: string): boolean {
  return Object.hasOwn((schema["properties"] ?? {}) as object, name);
}

function toNode(value: unknown, pointer: string): SchemaNode[] {
  return typeof value === "object" && value !== null ? [{ pointer, schema: value as Record<string, unknown> }] : [];
}
