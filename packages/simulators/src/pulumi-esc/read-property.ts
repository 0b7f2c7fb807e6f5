import { RestError } from "./rest-error.ts";

interface WireValue {
  value?: unknown;
}

/** The value at a path such as `a.b["c d"][0]` of an environment as the wire shows it. */
export function readProperty(environment: unknown, path: string): unknown {
  let members: unknown = isRecord(environment) ? environment["properties"] : undefined;
  let found: WireValue | undefined;
  for (const step of parsePath(path)) {
    found = memberOf(members, step);
    if (found === undefined) throw new RestError(404, `Not Found: path ${JSON.stringify(path)}`);
    members = found.value;
  }
  if (found === undefined) throw new RestError(400, "Bad Request: invalid query parameter property");
  return found;
}

function memberOf(members: unknown, step: string | number): WireValue | undefined {
  if (Array.isArray(members)) return typeof step === "number" ? (members[step] as WireValue | undefined) : undefined;
  if (!isRecord(members) || !Object.hasOwn(members, String(step))) return undefined;
  return members[String(step)] as WireValue;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const step = /\.?([^.[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/gy;

function parsePath(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  let end = 0;
  for (const match of path.matchAll(step)) {
    const [whole, name, index, key] = match;
    steps.push(index === undefined ? (name ?? unescape(key ?? "")) : Number(index));
    end = match.index + whole.length;
  }
  if (end !== path.length || steps.length === 0)
    throw new RestError(400, "Bad Request: invalid query parameter property");
  return steps;
}

function unescape(key: string): string {
  return key.replaceAll(/\\(.)/g, "$1");
}
