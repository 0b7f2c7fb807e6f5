import { randomBytes } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Cell } from "./cell-values.ts";
import type { QueryAnswer } from "./engine.ts";

export interface PageRequest {
  /** Rows of a page at most. On a later page: as on the first one, unless it is given. */
  limit?: number | undefined;
  /** Upper bound of the page's rows as JSON, in characters. At least one row is given. */
  maxCharacters: number;
}

export interface Page {
  answer: QueryAnswer;
  /** The rows of this page only. */
  rows: QueryAnswer["rows"];
  /** Position of the first row of this page in the answer. */
  offset: number;
  nextCursor?: string;
  /** When the query ran. */
  answeredAt: number;
}

interface Kept {
  callerId: string;
  limit: number;
  answer: QueryAnswer;
  answeredAt: number;
  expiresAt: number;
  bytes: number;
}

export const keptForMs = 10 * 60_000;
const maxKeptBytes = 64 << 20;
const maxKeptPerCaller = 20;

/**
 * Keeps answers longer than a page, so that all pages come from one run of the query: running it again with an OFFSET
 * would skip or repeat rows whenever the order is open or the data changed. Bound to the caller; bounded in time and size.
 */
export class ResultPages {
  readonly #kept = new Map<string, Kept>();
  readonly #clock: Clock;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  first(callerId: string, answer: QueryAnswer, request: PageRequest & { limit: number }): Page {
    const answeredAt = this.#clock.now();
    const rows = cutRows(answer.rows, 0, request);
    if (rows.length === answer.rows.length) return { answer, rows, offset: 0, answeredAt };
    const handle = randomBytes(16).toString("base64url");
    this.#keep(handle, {
      callerId,
      limit: request.limit,
      answer,
      answeredAt,
      expiresAt: this.#clock.monotonic() + keptForMs,
      bytes: sizeOf(answer),
    });
    return { answer, rows, offset: 0, nextCursor: `${handle}.${rows.length}`, answeredAt };
  }

  next(callerId: string, cursor: string, request: PageRequest): Page {
    const [handle = "", position = ""] = cursor.split(".");
    const offset = /^\d{1,9}$/.test(position) ? Number(position) : -1;
    this.#forgetExpired();
    const kept = this.#kept.get(handle);
    if (!kept || kept.callerId !== callerId || offset < 0 || offset >= kept.answer.rows.length) {
      throw new AppError("not_found", "This cursor leads nowhere: it expired, or it is not yours.", {
        hint: "Run the query again; results are kept for 10 minutes.",
      });
    }
    const { maxCharacters, limit = kept.limit } = request;
    const rows = cutRows(kept.answer.rows, offset, { maxCharacters, limit });
    const end = offset + rows.length;
    return {
      answer: kept.answer,
      rows,
      offset,
      answeredAt: kept.answeredAt,
      ...(end < kept.answer.rows.length ? { nextCursor: `${handle}.${end}` } : {}),
    };
  }

  #keep(handle: string, kept: Kept): void {
    this.#forgetExpired();
    this.#kept.set(handle, kept);
    this.#bytes += kept.bytes;
    const mine = [...this.#kept].filter(([, other]) => other.callerId === kept.callerId);
    for (const [oldest] of mine.slice(0, Math.max(0, mine.length - maxKeptPerCaller))) this.#forget(oldest);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= maxKeptBytes || oldest === handle) break;
      this.#forget(oldest);
    }
  }

  #forgetExpired(): void {
    const now = this.#clock.monotonic();
    for (const [handle, kept] of this.#kept) if (kept.expiresAt <= now) this.#forget(handle);
  }

  #forget(handle: string): void {
    this.#bytes -= this.#kept.get(handle)?.bytes ?? 0;
    this.#kept.delete(handle);
  }
}

function cutRows(
  rows: QueryAnswer["rows"],
  offset: number,
  request: Required<PageRequest> & { limit: number },
): QueryAnswer["rows"] {
  const page: QueryAnswer["rows"] = [];
  let characters = 0;
  for (let index = offset; index < rows.length && page.length < request.limit; index++) {
    const row = rows[index] ?? [];
    const length = JSON.stringify(row).length + 1;
    if (page.length > 0 && characters + length > request.maxCharacters) break;
    characters += length;
    page.push(length > request.maxCharacters ? shortenCells(row, request.maxCharacters) : row);
  }
  return page;
}

/** One row longer than a whole page: its texts are cut, and say so. */
function shortenCells(row: readonly Cell[], maxCharacters: number): Cell[] {
  // A character takes up to six in JSON.
  const room = Math.max(0, Math.floor(maxCharacters / row.length / 6) - 10);
  return row.map((cell) =>
    typeof cell === "string" && cell.length > room ? `${cell.slice(0, room).toWellFormed()}… (cut)` : cell,
  );
}

function sizeOf(answer: QueryAnswer): number {
  let bytes = 1_000;
  for (const row of answer.rows) for (const cell of row) bytes += typeof cell === "string" ? 24 + cell.length * 2 : 16;
  return bytes;
}
