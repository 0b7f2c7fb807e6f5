const longestPauseMs = 60_000;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * A `Retry-After` value as milliseconds, at most a minute; `undefined` when it says nothing usable (negative, past, junk).
 * A date is measured against the vendor's own `Date` header where there is one, because clocks differ.
 * Source: RFC 9110 10.2.3.
 */
export function parseRetryAfter(
  value: string | undefined,
  at: { wallMs: number; date?: string | undefined },
): number | undefined {
  const text = value?.trim() ?? "";
  const isDate = httpDate.test(text);
  if (!isDate && !/^\d+(\.\d+)?([eE]\d{1,3})?$/.test(text)) return undefined;
  const base = at.date !== undefined && httpDate.test(at.date) ? Date.parse(at.date) : at.wallMs;
  const pauseMs = isDate ? Date.parse(text) - base : Number(text) * 1_000;
  return pauseMs > 0 ? Math.min(pauseMs, longestPauseMs) : undefined;
}
