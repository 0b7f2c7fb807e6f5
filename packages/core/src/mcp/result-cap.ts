import { randomUUID } from "node:crypto";
import { AppError } from "../errors/app-error.ts";
import { cutLongest, type CutPart } from "./cut-longest.ts";
import type { Caller } from "../approval/caller.ts";

/** Characters per token, a cautious mean over prose and JSON. */
const charactersPerToken = 3.5;
export const defaultMaxTokens = 8_000;
export const hardMaxTokens = 20_000;
/** What is kept of an answer that was cut; beyond this even the rest is cut, and its last page says how much is lost. */
const maxStoredCharacters = 8 * 1024 * 1024;
const pageCharacters = defaultMaxTokens * charactersPerToken * 0.9;
const resultLifetimeMs = 60 * 60 * 1000;
const restCursor = /^[0-9a-f-]{36}\.\d{1,6}$/;

/** Where the rest of a long answer waits, page by page: bound to the caller, gone after an hour or for newer ones. */
export interface ResultShelf {
  put(rows: readonly ShelvedPage[]): Promise<void>;
  get(id: string, caller: string): Promise<string | undefined>;
}

export interface ShelvedPage {
  /** `<answer>.<page>`; also the cursor that leads to it. */
  id: string;
  server: string;
  tool: string;
  caller: string;
  /** JSON of a {@link RestPage}, without secrets. */
  body: string;
  expiresAt: number;
}

export interface RestPage {
  /** The field of the first answer that these items continue, with dots into nested objects. */
  field: string;
  items: unknown[];
  nextCursor?: string;
  /** The tool's own cursor, when the answer that was cut was itself a page. On the last page. */
  toolCursor?: string;
  /** Items that were too much even to be kept. On the last page. */
  lost?: number;
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
  /** What is shelved leaves by another way than the answer: it is scrubbed before it is kept. */
  scrub(text: string): string;
}

/**
 * Cuts an answer to its token limit by whole items (or, where there is no list, through its longest text), never
 * through JSON, and shelves the rest. The hard error that other servers answer with is worse than a cut with a way on.
 */
export async function capOutput(request: CapRequest): Promise<CappedOutput> {
  const json = JSON.stringify(request.output);
  const limit = Math.min(request.maxTokens ?? defaultMaxTokens, hardMaxTokens) * charactersPerToken;
  if (json.length <= limit) return { output: request.output, json };
  const { value, parts } = cutLongest(request.output, limit - 200, request.itemsKey);
  const id = randomUUID();
  const { nextCursor: toolCursor } = request.output;
  const pages = toPages(id, parts, typeof toolCursor === "string" ? toolCursor : undefined);
  await request.shelf.put(
    pages.map((page, index) => ({
      id: `${id}.${index}`,
      server: request.server,
      tool: request.tool,
      caller: request.caller.id,
      body: request.scrub(JSON.stringify(page)),
      expiresAt: request.now + resultLifetimeMs,
    })),
  );
  const cursor = `${id}.0`;
  const output = { ...value, truncated: true, nextCursor: cursor };
  return { output, json: JSON.stringify(output), rest: { uri: `sophia://results/${cursor}`, cursor } };
}

function toPages(id: string, parts: readonly CutPart[], toolCursor: string | undefined): RestPage[] {
  const pages: RestPage[] = [];
  let room = maxStoredCharacters;
  let lost = 0;
  for (const { field, items } of parts) {
    let page: RestPage | undefined;
    let used = 0;
    for (const item of items) {
      const length = JSON.stringify(item).length + 1;
      room -= length;
      if (room < 0) {
        lost++;
        continue;
      }
      if (!page || used + length > pageCharacters) {
        page = { field, items: [] };
        pages.push(page);
        used = 0;
      }
      page.items.push(item);
      used += length;
    }
  }
  for (const [index, page] of pages.slice(0, -1).entries()) page.nextCursor = `${id}.${index + 1}`;
  const last = pages.at(-1);
  if (last && toolCursor !== undefined) last.toolCursor = toolCursor;
  if (last && lost > 0) last.lost = lost;
  return pages;
}

/** The cursor of a cut answer looks like the tool's own; given to the tool, it is sent to where it belongs. */
export function refuseRestCursor(values: unknown): void {
  const cursor = typeof values === "object" && values !== null && "cursor" in values ? values.cursor : undefined;
  if (typeof cursor !== "string" || !restCursor.test(cursor)) return;
  throw new AppError("invalid_input", "This cursor leads to the rest of an answer that was cut.", {
    hint: `Give it to read_result: run_tool {"tool": "read_result", "arguments": {"cursor": "${cursor}"}}.`,
  });
}

/** One page of a shelved rest. Throws AppError `not_found` for another caller's, an expired or an invented cursor. */
export async function readShelved(shelf: ResultShelf, caller: Caller, cursor: string): Promise<RestPage> {
  const body = restCursor.test(cursor) ? await shelf.get(cursor, caller.id) : undefined;
  if (body === undefined) {
    throw new AppError("not_found", "There is no such rest of an answer, or it is gone.", {
      hint: "Rests are kept for an hour, or until newer ones need the room. Run the tool again.",
    });
  }
  // Our own JSON, written by capOutput.
  return JSON.parse(body) as RestPage;
}
