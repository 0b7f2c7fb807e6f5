import { randomUUID } from "node:crypto";
import { AppError } from "../errors/app-error.ts";
import type { Caller } from "./define-tool.ts";

/** Characters per token, a cautious mean over prose and JSON. */
const charactersPerToken = 3.5;
export const defaultMaxTokens = 8_000;
export const hardMaxTokens = 20_000;
/** What is kept of an answer that was cut; beyond this even the rest is cut, and says so. */
const maxStoredCharacters = 8 * 1024 * 1024;
const resultLifetimeMs = 60 * 60 * 1000;

/** Where the rest of a long answer waits: rows of the shared store, bound to the caller, gone after an hour. */
export interface ResultShelf {
  put(row: {
    id: string;
    server: string;
    tool: string;
    caller: string;
    body: string;
    expiresAt: number;
  }): Promise<void>;
  get(id: string, caller: string): Promise<string | undefined>;
}

interface ShelvedRest {
  key: string;
  items: unknown[];
  /** The tool's own cursor, when the answer that was cut was itself a page. */
  toolCursor?: string;
}

export interface CappedOutput {
  output: Record<string, unknown>;
  json: string;
  /** Where what was cut waits. */
  rest?: { uri: string; cursor: string };
}

export interface CapRequest {
  output: Record<string, unknown>;
  itemsKey?: string | undefined;
  maxTokens?: number | undefined;
  server: string;
  tool: string;
  caller: Caller;
  now: number;
  shelf: ResultShelf;
}

/**
 * Cuts an answer to its token limit by whole items (or, when there is no list, by its longest text), never through
 * JSON, and shelves the rest. The hard error that other servers answer with is worse than a cut with a way on.
 */
export async function capOutput(request: CapRequest): Promise<CappedOutput> {
  const json = JSON.stringify(request.output);
  const limit = Math.min(request.maxTokens ?? defaultMaxTokens, hardMaxTokens) * charactersPerToken;
  if (json.length <= limit) return { output: request.output, json };
  const cut = cutItems(request, json.length, limit) ?? cutText(request, json.length, limit);
  if (!cut) throw new AppError("internal", "The answer is too long and has no part that can be cut.");
  const id = randomUUID();
  await request.shelf.put({
    id,
    server: request.server,
    tool: request.tool,
    caller: request.caller.id,
    body: JSON.stringify({ ...cut.rest, ...toolCursorOf(request.output) }),
    expiresAt: request.now + resultLifetimeMs,
  });
  const cursor = `${id}.0`;
  const output = { ...cut.output, truncated: true, nextCursor: cursor };
  return { output, json: JSON.stringify(output), rest: { uri: `sophia://results/${id}`, cursor } };
}

function toolCursorOf({ nextCursor }: Record<string, unknown>): Pick<ShelvedRest, "toolCursor"> {
  return typeof nextCursor === "string" ? { toolCursor: nextCursor } : {};
}

interface Cut {
  output: Record<string, unknown>;
  rest: ShelvedRest;
}

function cutItems(request: CapRequest, total: number, limit: number): Cut | undefined {
  const key = request.itemsKey ?? longestKey(request.output, Array.isArray);
  const items = key === undefined ? undefined : request.output[key];
  if (key === undefined || !Array.isArray(items) || items.length < 2) return undefined;
  const lengths = items.map((item) => JSON.stringify(item).length + 1);
  let room = limit - (total - lengths.reduce((sum, length) => sum + length, 0));
  let kept = 0;
  while (kept < lengths.length && room - (lengths[kept] ?? 0) >= 0) room -= lengths[kept++] ?? 0;
  if (kept === 0 && room <= 0) return undefined;
  return {
    output: { ...request.output, [key]: items.slice(0, kept) },
    rest: { key, items: boundedItems(items.slice(kept), lengths.slice(kept)) },
  };
}

function boundedItems(items: unknown[], lengths: number[]): unknown[] {
  let room = maxStoredCharacters;
  const end = lengths.findIndex((length) => (room -= length) < 0);
  return end === -1 ? items : items.slice(0, end);
}

function cutText(request: CapRequest, total: number, limit: number): Cut | undefined {
  const key = longestKey(request.output, (value) => typeof value === "string");
  const text = key === undefined ? undefined : request.output[key];
  if (key === undefined || typeof text !== "string") return undefined;
  const keep = Math.max(0, Math.floor((limit - (total - JSON.stringify(text).length)) * 0.8));
  const pieces: string[] = [];
  for (let at = keep; at < Math.min(text.length, maxStoredCharacters); at += 16_000) {
    pieces.push(text.slice(at, at + 16_000).toWellFormed());
  }
  return {
    output: { ...request.output, [key]: text.slice(0, keep).toWellFormed() },
    rest: { key, items: pieces },
  };
}

function longestKey(output: Record<string, unknown>, matches: (value: unknown) => boolean): string | undefined {
  let best: { key: string; length: number } | undefined;
  for (const [key, value] of Object.entries(output)) {
    if (!matches(value)) continue;
    const length = JSON.stringify(value).length;
    if (!best || length > best.length) best = { key, length };
  }
  return best?.key;
}

/** One page of a shelved rest. `cursor` is `<id>.<offset>`. */
export async function readShelved(
  shelf: ResultShelf,
  caller: Caller,
  cursor: string,
): Promise<{ key: string; items: unknown[]; nextCursor?: string; toolCursor?: string }> {
  const match = /^([0-9a-f-]{36})\.(\d{1,9})$/.exec(cursor);
  const body = match?.[1] === undefined ? undefined : await shelf.get(match[1], caller.id);
  if (!match || body === undefined) {
    throw new AppError("not_found", "There is no such rest of an answer, or it has expired.", {
      hint: "Rests are kept for an hour for the caller who asked. Run the tool again.",
    });
  }
  // The body is our own JSON, written by capOutput.
  const rest = JSON.parse(body) as ShelvedRest;
  const offset = Number(match[2]);
  const limit = defaultMaxTokens * charactersPerToken * 0.9;
  let end = offset;
  for (let room = limit; end < rest.items.length; end++) {
    room -= JSON.stringify(rest.items[end]).length + 1;
    if (room < 0 && end > offset) break;
  }
  const items = rest.items.slice(offset, end);
  if (end < rest.items.length) return { key: rest.key, items, nextCursor: `${match[1]}.${end}` };
  return { key: rest.key, items, ...(rest.toolCursor === undefined ? {} : { toolCursor: rest.toolCursor }) };
}
