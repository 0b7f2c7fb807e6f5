import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../errors/app-error.ts";

/** `cursor` of every tool that answers in pages. */
export const Cursor = z
  .string()
  .max(1_000)
  .optional()
  .describe("nextCursor of the answer before; leave it out to begin.");

/** `nextCursor` of every tool that answers in pages. */
export const NextCursor = z
  .string()
  .optional()
  .describe("Give it as cursor for the next page; absent at the end. When truncated is true, it is for read_result.");

/** Where a list goes on, bound to the question it belongs to. */
export function toCursor(position: unknown, scope: string): string {
  return Buffer.from(JSON.stringify([position, digest(scope)])).toString("base64url");
}

/** @throws AppError invalid_input when the text is not a cursor of this very question */
export function readCursor<Position>(
  cursor: string | undefined,
  scope: string,
  schema: z.ZodType<Position>,
): Position | undefined {
  if (cursor === undefined) return undefined;
  const parsed = z
    .tuple([schema, z.literal(digest(scope))])
    .safeParse(parseJson(Buffer.from(cursor, "base64url").toString()));
  if (parsed.success) return parsed.data[0];
  throw new AppError("invalid_input", "The cursor does not belong to this question.", {
    hint: "Give nextCursor as it was, with the other arguments as before; or leave cursor out to begin again.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function digest(scope: string): string {
  return createHash("sha256").update(scope).digest("base64url").slice(0, 12);
}
