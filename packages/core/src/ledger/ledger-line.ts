import { randomUUID } from "node:crypto";
import type { LedgerEntriesTable } from "../store/core-tables.ts";
import type { Settlement } from "./ledger.ts";
import type { Hold } from "./spending.ts";

export type Line = LedgerEntriesTable;

export const lineColumns = [
  "id",
  "reservation_id",
  "request_id",
  "server",
  "service",
  "caller",
  "unit",
  "quantity",
  "cost_nano_usd",
  "kind",
  "price_as_of",
  "day",
  "created_at",
] as const satisfies readonly (keyof Line)[];

export function buildLine({ request, lease }: Hold, actual: Settlement & { nanoUsd: number }, now: number): Line {
  return {
    id: newLineId(now),
    reservation_id: lease?.id ?? null,
    request_id: request.requestId,
    server: request.server,
    service: request.service,
    caller: request.caller,
    unit: request.unit,
    quantity: actual.quantity,
    cost_nano_usd: actual.nanoUsd,
    kind: actual.kind,
    price_as_of: actual.priceAsOf ?? null,
    day: dayOf(now),
    created_at: now,
  };
}

const linesOf = randomUUID();
let lineCount = 0;

/** In the order of time, so that the key's index grows at its end instead of everywhere. */
function newLineId(now: number): string {
  lineCount += 1;
  return `${now.toString(36)}-${linesOf}-${lineCount.toString(36)}`;
}

const dayMs = 86_400_000;
let knownDay = { number: -1, text: "" };

function dayOf(now: number): string {
  const number = Math.floor(now / dayMs);
  if (number !== knownDay.number) knownDay = { number, text: new Date(now).toISOString().slice(0, 10) };
  return knownDay.text;
}
