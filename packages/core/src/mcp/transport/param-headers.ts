import type { IncomingHttpHeaders } from "node:http";
import type { WireTool } from "../tool-table.ts";

export interface MirroredArgument {
  name: string;
  header: string;
}

/** Arguments that a client repeats in an `Mcp-Param-*` header (`x-mcp-header` in the schema, SEP-2243). */
export function mirroredArguments(tool: WireTool): readonly MirroredArgument[] {
  const properties = tool.inputSchema["properties"];
  if (typeof properties !== "object" || properties === null) return [];
  return Object.entries(properties).flatMap(([name, schema]: [string, Record<string, unknown>]) =>
    typeof schema["x-mcp-header"] === "string" ? [{ name, header: schema["x-mcp-header"] }] : [],
  );
}

/**
 * Checks the mirrors against the body, which decides. The SDK does this only for its high-level server.
 * Returns what disagrees.
 */
export function findParamHeaderFault(
  mirrored: readonly MirroredArgument[],
  headers: IncomingHttpHeaders,
  values: Record<string, unknown>,
): { header: string; body: string } | undefined {
  for (const { name, header } of mirrored) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") continue;
    const key = `Mcp-Param-${header}`;
    const sent = headers[key.toLowerCase()];
    if (typeof sent !== "string") return { header: key, body: `the body carries ${name} but the header is absent` };
    const decoded = decode(sent.trim());
    if (decoded === undefined) return { header: key, body: "the header carries an invalid Base64 sentinel value" };
    const equal = typeof value === "number" ? Number(decoded) === value : decoded === String(value);
    if (!equal) return { header: key, body: `the header does not carry the value of ${name} in the body` };
  }
  return undefined;
}

/** Values that do not fit a header travel as `=?base64?…?=`. */
function decode(value: string): string | undefined {
  if (!value.startsWith("=?base64?") || !value.endsWith("?=")) return value;
  const encoded = value.slice(9, -2);
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded ? bytes.toString() : undefined;
}
