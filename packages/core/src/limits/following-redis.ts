import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { Secret, unwrap } from "../config/secret.ts";
import type { SecretUse } from "../config/secret-use.ts";

export interface FollowingRedisOptions {
  /** Its value may be replaced while the connection is in use. */
  url: Secret;
  /** Begins to connect at once. */
  open(url: string): Redis;
  log: Logger;
  onUse?: SecretUse | undefined;
  onReady(): void;
  onClose(): void;
}

interface Generation {
  value: string;
  used: Secret;
  redis: Redis;
}

const readyTimeoutMs = 2_000;
const retryMs = 1_000;
const refusal = /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password)/;

/**
 * A connection to whatever the secret names now. When it has another value, a second connection is made with that;
 * once it is ready commands go there, and the first one ends after its answers. A value that does not work changes
 * nothing as long as the old one does.
 */
export class FollowingRedis {
  readonly #options: FollowingRedisOptions;
  #current: Generation;
  #isFollowing = false;
  #failedAt = -Infinity;
  #isClosed = false;

  constructor(options: FollowingRedisOptions) {
    this.#options = options;
    this.#current = openGeneration(options);
    this.#adopt(this.#current);
  }

  /** Sends one command or script. */
  async run<Result>(work: (redis: Redis) => Promise<Result>): Promise<Result> {
    this.#followIfChanged();
    const { redis, used } = this.#current;
    const { onUse } = this.#options;
    try {
      const result = await work(redis);
      onUse?.(used, true);
      return result;
    } catch (error) {
      if (isRefused(error)) onUse?.(used, false);
      throw error;
    }
  }

  disconnect(): void {
    this.#isClosed = true;
    this.#current.redis.disconnect();
  }

  /** Only the generation in use tells of its state. */
  #adopt(generation: Generation): void {
    const { onReady, onClose, onUse } = this.#options;
    const isInUse = (): boolean => this.#current === generation;
    generation.redis.on("ready", () => isInUse() && onReady());
    generation.redis.on("close", () => isInUse() && onClose());
    // ioredis reports each failed attempt to reconnect; the state is what matters, and it is told when it changes.
    generation.redis.on("error", (error) => isInUse() && isRefused(error) && onUse?.(generation.used, false));
  }

  #followIfChanged(): void {
    if (this.#isFollowing || this.#isClosed || unwrap(this.#options.url) === this.#current.value) return;
    if (performance.now() - this.#failedAt < retryMs) return;
    this.#isFollowing = true;
    void this.#follow().finally(() => (this.#isFollowing = false));
  }

  async #follow(): Promise<void> {
    const { log, onUse, onReady } = this.#options;
    const next = openGeneration(this.#options);
    this.#adopt(next);
    const failure = await waitUntilReady(next.redis);
    if (failure !== undefined || this.#isClosed) {
      this.#failedAt = performance.now();
      next.redis.disconnect();
      if (this.#isClosed) return;
      if (isRefused(failure)) onUse?.(next.used, false);
      log.warn("The new URL of Redis does not work; the old connection stays in use.");
      return;
    }
    const former = this.#current;
    this.#current = next;
    onReady();
    log.info("Commands to Redis use its new URL.");
    // Quit comes after the commands that are on their way.
    await former.redis.quit().catch(() => former.redis.disconnect());
  }
}

function openGeneration({ url, open }: FollowingRedisOptions): Generation {
  const value = unwrap(url);
  return { value, used: new Secret(value), redis: open(value) };
}

/** Why it did not come to that, or undefined. A refused password shows first: Redis may go on as its default user. */
async function waitUntilReady(redis: Redis): Promise<Error | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const timer = setTimeout(() => resolve(new Error("not ready in time")), readyTimeoutMs);
  redis.once("error", resolve);
  redis.once("ready", () => resolve(undefined));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && refusal.test(error.message);
}
