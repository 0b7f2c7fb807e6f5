import type { OpenApiDocument } from "./read-document.ts";
import { findNode, followNode, type SchemaNode, toPointer } from "./schema-node.ts";

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required: boolean;
  /** Of its schema. */
  pointer: string | undefined;
}

/** One operation, found by the method and path of an exchange. */
export interface Operation {
  /** `GET /models/{author}/{slug}/endpoints`. */
  name: string;
  parameters: Parameter[];
  /** Values of the path's parameters. */
  pathValues: Record<string, string>;
  requestBody: SchemaNode | undefined;
  /** By status, range (`4XX`) or `default`. */
  responses: SchemaNode | undefined;
  /** Names of the headers that carry its credential, in lower case; empty when none is asked for. */
  credentials: string[];
  /** Those of all operations: a public one may be sent a key too. */
  knownCredentials: string[];
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** `wide` are parameters at the end of a path whose values may hold slashes, such as a Git ref. */
export function findOperation(
  document: OpenApiDocument,
  { method, path, wide }: { method: string; path: string; wide: readonly string[] },
): Operation | undefined {
  const name = method.toLowerCase();
  if (!methods.includes(name)) return undefined;
  const matches = Object.keys(document.paths).flatMap((template) => {
    const item = followNode(document, `#${toPointer("paths", template)}`);
    const operation = item && findNode(document, `${item.pointer}/${name}`);
    const values = operation && matchPath(basesOf(document, item, operation), template, { path, wide });
    return values ? [{ template, item, operation, values }] : [];
  });
  // Literal segments before parameters: `/models/count` is not a model.
  const [match] = matches.sort((one, other) => countParameters(one.template) - countParameters(other.template));
  if (!match) return undefined;
  return {
    name: `${method.toUpperCase()} ${match.template}`,
    parameters: readParameters(document, [match.item, match.operation]),
    pathValues: match.values,
    requestBody: followNode(document, `${match.operation.pointer}/requestBody`),
    responses: findNode(document, `${match.operation.pointer}/responses`),
    credentials: readCredentials(document, match.operation),
    knownCredentials: headersOf(document, Object.keys(document.components?.securitySchemes ?? {})),
  };
}

/** Paths of the servers, without a slash at the end. The nearest list of servers counts. */
function basesOf(document: OpenApiDocument, item: SchemaNode, operation: SchemaNode): string[] {
  const servers = (operation.schema["servers"] ?? item.schema["servers"] ?? document.servers ?? [{ url: "/" }]) as {
    url: string;
  }[];
  return servers.map(({ url }) => {
    const path = url.replace(/^\w+:\/\/[^/]*/, "");
    return (path.startsWith("/") ? path : `/${path}`).replace(/\/+$/, "");
  });
}

function matchPath(
  bases: readonly string[],
  template: string,
  { path, wide }: { path: string; wide: readonly string[] },
): Record<string, string> | undefined {
  for (const base of bases) {
    if (!path.startsWith(`${base}/`) && path !== base) continue;
    const pattern = template.split("/");
    const segments = path.slice(base.length).split("/");
    const isWide = wide.includes(pattern.at(-1)?.slice(1, -1) ?? "");
    if (isWide && segments.length > pattern.length) segments.push(segments.splice(pattern.length - 1).join("/"));
    if (pattern.length !== segments.length) continue;
    const values: Record<string, string> = {};
    const isMatch = pattern.every((part, index) => {
      const segment = segments[index] ?? "";
      const parameter = /^\{(.+)\}$/.exec(part)?.[1];
      if (parameter !== undefined) values[parameter] = decodeURIComponent(segment);
      return parameter === undefined ? part === segment : segment !== "";
    });
    if (isMatch) return values;
  }
  return undefined;
}

function countParameters(template: string): number {
  return template.split("{").length;
}

/** An operation's own parameter replaces that of its path. */
function readParameters(document: OpenApiDocument, holders: readonly SchemaNode[]): Parameter[] {
  const found = new Map<string, Parameter>();
  for (const { schema, pointer } of holders) {
    for (const index of ((schema["parameters"] ?? []) as unknown[]).keys()) {
      const node = followNode(document, `${pointer}/parameters/${index}`);
      if (!node) continue;
      const parameter = node.schema as { name: string; in: Parameter["in"]; required?: boolean; schema?: object };
      const schemaPointer = parameter.schema && `${node.pointer}/schema`;
      const { name, in: place, required = false } = parameter;
      found.set(`${place} ${name}`, { name, in: place, required, pointer: schemaPointer });
    }
  }
  return [...found.values()];
}

function readCredentials(document: OpenApiDocument, operation: SchemaNode): string[] {
  const required = (operation.schema["security"] ?? document.security ?? []) as object[];
  return required.flatMap((alternative) => headersOf(document, Object.keys(alternative)));
}

function headersOf(document: OpenApiDocument, schemes: readonly string[]): string[] {
  return schemes.flatMap((scheme) => {
    const node = followNode(document, `#${toPointer("components", "securitySchemes", scheme)}`);
    const { type, in: place, name } = (node?.schema ?? {}) as { type?: string; in?: string; name?: string };
    if (type !== "apiKey") return ["authorization"];
    return place === "header" && name !== undefined ? [name.toLowerCase()] : [];
  });
}
