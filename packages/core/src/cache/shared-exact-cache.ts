import type { Logger } from "pino";
import type { Secret } from "../config/secret.ts";
import type { Clock } from "../limits/clock.ts";
import { buildId, type CachedValue, type ExactCache } from "./exact-cache.ts";
import { createRecentValues } from "./recent-values.ts";
import { createRedisValues } from "./redis-values.ts";

export interface SharedExactCacheOptions {
  /** Of the Redis that all processes and machines share. */
  url: Secret;
  /** In use while Redis is away. */
  local: ExactCache;
  clock: Clock;
  log: Logger;
  ttlMs: number;
  /** A longer value is not stored. Default 256 KiB. */
  maxEntryBytes?: number;
  /** A value that was read or written here is given again for so long without asking Redis. Default 1,000; 0: never. */
  frontMs?: number;
  /** Before every key. */
  prefix?: string;
}

/** How many values there are is for Redis to bound (`maxmemory`); their time and their size are bounded here. */
export interface SharedExactCache extends ExactCache {
  /** False while Redis is away and values are found in this process's own store alone. */
  readonly shared: boolean;
  close(): void;
}

interface Kept extends CachedValue {
  expiresAt: number;
}

/**
 * Values in Redis, one copy for all processes. A Redis that does not answer costs one time-out of 100 ms, after which
 * nobody waits for it: the local store serves until it is back.
 */
export function createSharedExactCache(options: SharedExactCacheOptions): SharedExactCache {
  const { clock, local, prefix = "sophia:exact", ttlMs, maxEntryBytes = 256 * 1024 } = options;
  const front = createRecentValues<Kept>({ clock, keptMs: options.frontMs ?? 1_000 });
  const redis = createRedisValues({ ...options, probeKey: `${prefix}:probe` });
  const toKey = (id: string): string => `${prefix}:${id}`;

  function use(kept: Kept | undefined): CachedValue | undefined {
    return kept && kept.expiresAt > clock.now() ? { value: kept.value, createdAt: kept.createdAt } : undefined;
  }

  return {
    get shared() {
      return redis.isThere;
    },
    async get(partition, key) {
      const id = buildId(partition, key);
      const known = front.get(id);
      if (known) return use(known);
      const found = await redis.run((client) => client.get(toKey(id)));
      if (!found) return await local.get(partition, key);
      const kept = parse(found.result);
      if (kept) front.set(id, kept, kept.value.length);
      return use(kept);
    },
    peek: (partition, key) => use(front.get(buildId(partition, key))),
    async put(partition, key, value) {
      if (Buffer.byteLength(value) > maxEntryBytes || ttlMs <= 0) return;
      const id = buildId(partition, key);
      const now = clock.now();
      const kept = { value, createdAt: now, expiresAt: now + ttlMs };
      front.set(id, kept, value.length);
      const written = await redis.run((client) => client.set(toKey(id), format(kept), "PX", Math.ceil(ttlMs)));
      if (!written) await local.put(partition, key, value);
    },
    async remove(partition, key) {
      const id = buildId(partition, key);
      front.delete(id);
      await Promise.all([local.remove(partition, key), redis.run((client) => client.del(toKey(id)))]);
      // A look-up may have been on its way.
      front.delete(id);
    },
    sweep: () => local.sweep(),
    close: () => redis.close(),
  };
}

/** The value behind its times, as it is: JSON would take a character more for each quotation mark. */
function format({ createdAt, expiresAt, value }: Kept): string {
  return `${createdAt} ${expiresAt} ${value}`;
}

function parse(text: string | null): Kept | undefined {
  const [whole = "", createdAt, expiresAt] = /^(\d+) (\d+) /.exec(text ?? "") ?? [];
  if (text === null || whole === "") return undefined;
  return { createdAt: Number(createdAt), expiresAt: Number(expiresAt), value: text.slice(whole.length) };
}
