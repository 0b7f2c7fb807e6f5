import type { Answer } from "./answer.ts";

// https://docs.apify.com/api/v2#errors
const types: Readonly<Record<number, string>> = {
  400: "invalid-input",
  401: "user-or-token-not-found",
  402: "not-enough-usage-to-run-paid-actor",
  403: "insufficient-permissions",
  404: "record-not-found",
  405: "method-not-allowed",
  408: "run-timeout-exceeded",
  413: "request-too-large",
  429: "rate-limit-exceeded",
  500: "internal-server-error",
};

export function refuse(status: number, type?: string): Answer {
  const error = { type: type ?? types[status] ?? "internal-server-error", message: `VENDOR TEXT: refused (${status})` };
  return { status, json: { error } };
}

export function found(data: unknown, status = 200): Answer {
  return { status, json: { data } };
}

export interface PageWish {
  offset: number;
  limit: number;
  isDescending: boolean;
}

// https://docs.apify.com/api/v2#pagination
export function readPageWish(query: URLSearchParams, mostItems = 1_000): PageWish {
  const limit = Number(query.get("limit") ?? mostItems);
  return {
    offset: Math.max(0, Number(query.get("offset") ?? 0)),
    limit: Math.min(mostItems, limit > 0 ? limit : mostItems),
    isDescending: isTrue(query.get("desc")),
  };
}

export function isTrue(value: string | null): boolean {
  return value === "1" || value === "true";
}

/** `items` in ascending order. */
export function pageOf<T>(
  items: readonly T[],
  wish: PageWish,
): { items: T[]; total: number } & Record<string, unknown> {
  const ordered = wish.isDescending ? items.toReversed() : items;
  const page = ordered.slice(wish.offset, wish.offset + wish.limit);
  const { offset, limit, isDescending: desc } = wish;
  return { total: items.length, offset, limit, count: page.length, desc, items: page };
}
