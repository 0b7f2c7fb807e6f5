import { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Secret } from "../config/secret.ts";
import type { Clock } from "../limits/clock.ts";
import { FollowingRedis } from "../limits/following-redis.ts";

/** Redis as far as it is there: whoever asks gets an answer within the deadline, or is told that there is none. */
export interface RedisValues {
  /** False while Redis is away; nobody waits for it then. */
  readonly isThere: boolean;
  /** `undefined`: Redis was not asked, or did not answer in time. */
  run<Result>(work: (redis: Redis) => Promise<Result>): Promise<{ result: Result } | undefined>;
  close(): void;
}

export interface RedisValuesOptions {
  /** Its value may be replaced: the next command opens a connection with the new one. */
  url: Secret;
  clock: Clock;
  log: Logger;
  /** A key that a probe may write. */
  probeKey: string;
}

/** A look-up takes some tenths of a millisecond: what takes this long is no help to a request. */
const commandTimeoutMs = 100;
const maxPending = 256;
const firstProbeMs = 250;
const longestProbeMs = 5_000;

export function createRedisValues(options: RedisValuesOptions): RedisValues {
  return new FailingOpen(options);
}

class FailingOpen implements RedisValues {
  readonly #options: RedisValuesOptions;
  readonly #redis: FollowingRedis;
  readonly #closing = new AbortController();
  #pending = 0;
  #isAway = true;
  #isProbing = false;

  constructor(options: RedisValuesOptions) {
    this.#options = options;
    const { url, log } = options;
    this.#redis = new FollowingRedis({
      url,
      log,
      open: connect,
      onReady: () => {
        if (!this.#isProbing) this.#isAway = false;
      },
      onClose: () => this.#lose(),
    });
  }

  get isThere(): boolean {
    return !this.#isAway;
  }

  async run<Result>(work: (redis: Redis) => Promise<Result>): Promise<{ result: Result } | undefined> {
    if (this.#isAway || this.#pending >= maxPending) return undefined;
    try {
      return { result: await this.#send(work) };
    } catch {
      this.#lose();
      return undefined;
    }
  }

  close(): void {
    this.#closing.abort();
    this.#redis.disconnect();
  }

  async #send<Result>(work: (redis: Redis) => Promise<Result>): Promise<Result> {
    this.#pending += 1;
    try {
      return await this.#redis.run(work);
    } finally {
      this.#pending -= 1;
    }
  }

  #lose(): void {
    if (this.#closing.signal.aborted) return;
    if (!this.#isAway) this.#options.log.warn("Redis is away: answers are shared again when it is back");
    this.#isAway = true;
    if (!this.#isProbing) void this.#probe();
  }

  /** A write, not a ping: a replica, a full memory or a missing right answers pings happily. */
  async #probe(): Promise<void> {
    const { clock, log, probeKey } = this.#options;
    this.#isProbing = true;
    for (let pauseMs = firstProbeMs; this.#isAway; pauseMs = Math.min(pauseMs * 2, longestProbeMs)) {
      try {
        await clock.sleep(pauseMs, this.#closing.signal);
        await this.#send((redis) => redis.set(probeKey, "", "PX", 1));
        this.#isAway = false;
        log.info("Redis is back: answers are shared");
      } catch {
        if (this.#closing.signal.aborted) break;
      }
    }
    this.#isProbing = false;
  }
}

function connect(url: string): Redis {
  return new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
}
