/** A schema by its place in the document. */
export interface SchemaNode {
  /** `#/components/schemas/Model`. */
  pointer: string;
  schema: Readonly<Record<string, unknown>>;
}

/** What stands at `pointer`, references followed. `undefined` where nothing or no object stands. */
export function findNode(document: object, pointer: string): SchemaNode | undefined {
  let value: unknown = document;
  for (const part of pointer.split("/").slice(1)) {
    value = (value as Record<string, unknown> | undefined)?.[decodeURIComponent(unescapePointer(part))];
  }
  return typeof value === "object" && value !== null
    ? { pointer, schema: value as Record<string, unknown> }
    : undefined;
}

/** As {@link findNode}, and on through `$ref` to what is meant. */
export function followNode(document: object, pointer: string): SchemaNode | undefined {
  const node = findNode(document, pointer);
  const target = node?.schema["$ref"];
  return typeof target === "string" ? followNode(document, target) : node;
}

export function toPointer(...parts: readonly string[]): string {
  return parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function unescapePointer(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
