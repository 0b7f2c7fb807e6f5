import { randomUUID } from "node:crypto";
import { RestError } from "./rest-error.ts";

/** An opened environment as the wire shows it, values in the clear, in memory only and for a while. */
export interface Sessions {
  add(owner: string, environment: unknown, durationMs: number): string;
  /** @param owner the environment, or the anonymous one: a session is read where it was opened. */
  read(owner: string, id: string): unknown;
}

const most = 100;

export function createSessions(now: () => number): Sessions {
  const open = new Map<string, { owner: string; environment: unknown; until: number }>();

  function dropOld(): void {
    for (const [id, { until }] of open) if (until <= now()) open.delete(id);
    for (const id of open.keys()) {
      if (open.size < most) return;
      open.delete(id);
    }
  }

  return {
    add(owner, environment, durationMs) {
      dropOld();
      const id = randomUUID();
      open.set(id, { owner, environment, until: now() + durationMs });
      return id;
    },
    read(owner, id) {
      dropOld();
      const found = open.get(id);
      if (found?.owner !== owner) throw new RestError(404, "Not Found: no such open session");
      return found.environment;
    },
  };
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const longestMs = 24 * 3_600_000;
const usualMs = 2 * 3_600_000;

/** Go's notation, e.g. `1h30m`. */
export function parseDuration(text: string | null): number {
  if (text === null || text === "") return usualMs;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit ?? ""] ?? 0), 0);
  if (parts.map(([whole]) => whole).join("") !== text || total <= 0 || total > longestMs) {
    throw new RestError(400, "Bad Request: invalid query parameter duration");
  }
  return total;
}
