import type { z } from "zod";
import { RestError } from "./rest-error.ts";

/** A JSON body with the fields of the contract. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(body));
  } catch {
    throw new RestError(400, "Bad Request: invalid request body");
  }
}

export function parseCount(text: string | null, name: string): number | undefined {
  if (text === null || text === "") return undefined;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0)
    throw new RestError(400, `Bad Request: invalid query parameter ${name}`);
  return count;
}

/** As the `esc` command has it: what starts with a digit is a number. */
export function parseVersion(text: string): number | string {
  if (!/^\d/.test(text)) return text;
  const revision = Number(text);
  if (!Number.isSafeInteger(revision) || revision < 1) throw new RestError(400, "Bad Request: invalid version");
  return revision;
}

export function toMoment(ms: number): string {
  return new Date(ms).toISOString();
}
