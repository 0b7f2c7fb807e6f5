import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EscExchange } from "@sophia/simulators/pulumi-esc/esc-server";
import { Ajv, type ValidateFunction } from "ajv";

const root = fileURLToPath(new URL("../../../../..", import.meta.url));
const file = join(process.env["BENCH_SPECS"] ?? join(root, "../shared/specs"), "pulumi-cloud-openapi.json");

export const hasSpecification = existsSync(file);

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: Record<string, object> }> };
}

export interface Specification {
  /** What of an answer does not agree with the file; empty when all does. */
  compare(exchange: EscExchange): string[];
  /** `METHOD /path/{template}` of what was compared. */
  seen(): string[];
}

/** The vendor's own description of its answers. */
export function readSpecification(): Specification {
  const document = JSON.parse(readFileSync(file, "utf8")) as Document;
  describeAnything(document);
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: "api", components: document.components });
  const compiled = new Map<string, ValidateFunction>();
  const seen = new Set<string>();

  function compare({ method, path, status, headers, body }: EscExchange): string[] {
    const template = findTemplate(document, method, path);
    if (template === undefined) return [`${method} ${path}: not in the specification`];
    const where = `${method} ${template}`;
    seen.add(where);
    const response = document.paths[template]?.[method.toLowerCase()]?.responses[String(status)];
    if (response === undefined) return [`${where}: status ${status} is not in the specification`];
    const [type = "", content] = Object.entries(response.content ?? {})[0] ?? [];
    // It describes the answer to HEAD as JSON; no answer to HEAD has a body.
    if (content?.schema === undefined || method === "HEAD") return [];
    if (headers["content-type"] !== type) return [`${where}: ${headers["content-type"]} instead of ${type}`];
    const key = `${where} ${status}`;
    const validate = compiled.get(key) ?? ajv.compile(toAbsolute(content.schema));
    compiled.set(key, validate);
    const value: unknown = type === "application/json" ? JSON.parse(body) : body;
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${where}: ${error.instancePath} ${error.message}`);
  }

  return { compare, seen: () => [...seen].sort() };
}

function findTemplate(document: Document, method: string, path: string): string | undefined {
  const segments = path.split("/");
  const found = Object.entries(document.paths)
    .filter(([, operations]) => method.toLowerCase() in operations)
    .map(([template]) => template)
    .filter((template) => {
      const pattern = template.split("/");
      return (
        pattern.length === segments.length && pattern.every((part, at) => part.startsWith("{") || part === segments[at])
      );
    });
  // Literal segments before parameters: `/versions/tags` is not a version.
  return found.sort((one, other) => one.split("{").length - other.split("{").length)[0];
}

/**
 * The file describes what can be any JSON as `object`, and a schema as an object although ESC writes the schemas that
 * accept all or nothing as `true` and `false`. Both are corrected here, nothing else.
 */
function describeAnything({ components: { schemas } }: Document): void {
  for (const [name, fields] of [
    ["EscValue", ["value"]],
    ["EscExpr", ["literal"]],
    ["EscSchemaSchema", ["const", "default", "enum", "examples"]],
  ] as const) {
    const properties = schemas[name]?.properties ?? {};
    for (const field of fields) if (field in properties) properties[field] = {};
  }
  const schema = schemas["EscSchemaSchema"];
  if (schema !== undefined) schemas["EscSchemaSchema"] = { anyOf: [{ type: "boolean" }, schema] } as object;
}

/** `#/components/…` → the document that holds it. */
function toAbsolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/')) as object;
}
