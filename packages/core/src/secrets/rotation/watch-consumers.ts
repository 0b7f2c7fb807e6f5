import type { Clock } from "../../limits/clock.ts";
import type { ConsumerRow, ConsumerRows } from "./consumer-rows.ts";
import type { RotationTarget } from "./rotator.ts";

/** Consumers of one secret as one observer sees them. */
export interface ConsumerWatch {
  /** Every report there is; {@link alive} and {@link users} speak of this look. */
  look(): Promise<readonly ConsumerRow[]>;
  alive(): readonly ConsumerRow[];
  /** Those that are alive and use a value with this fingerprint. */
  users(fingerprint: string | null): readonly ConsumerRow[];
}

/**
 * Who is alive is told by reports that go on, measured on our own monotonic clock: clocks of other machines may be
 * wrong, and a wall clock may jump. A consumer counts as alive until it has been silent for `livesMs` since first seen.
 */
export function watchConsumers(options: {
  consumers: ConsumerRows;
  target: RotationTarget;
  clock: Clock;
  livesMs: number;
}): ConsumerWatch {
  const { consumers, target, clock, livesMs } = options;
  const signs = new Map<string, { beat: number; seenAt: number }>();
  let alive: ConsumerRow[] = [];

  function isAlive(row: ConsumerRow, now: number): boolean {
    const key = `${row.process}|${row.fingerprint}`;
    const sign = signs.get(key);
    if (sign?.beat === row.beat) return now - sign.seenAt < livesMs;
    // A row that is old already at the first look is history, unless it moves.
    signs.set(key, { beat: row.beat, seenAt: now });
    return sign !== undefined || Math.abs(clock.now() - row.seen_at) < livesMs;
  }

  return {
    async look() {
      const rows = await consumers.list(target);
      const now = clock.monotonic();
      alive = rows.filter((row) => isAlive(row, now));
      return rows;
    },
    alive: () => alive,
    users: (fingerprint) => alive.filter((row) => row.fingerprint === fingerprint && isLatest(row, alive)),
  };
}

/** A report tells all values that are in use: one that the process's latest report left out is in use no more. */
function isLatest(row: ConsumerRow, rows: readonly ConsumerRow[]): boolean {
  return rows.every((other) => other.process !== row.process || other.seen_at <= row.seen_at);
}
