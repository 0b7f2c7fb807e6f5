import type { Pool, PoolClient } from "pg";
import type { Logger } from "pino";
import { Secret, unwrap } from "../config/secret.ts";
import type { SecretUse } from "../config/secret-use.ts";

export interface FollowingPoolOptions {
  /** Its value may be replaced while the pool is in use. */
  url: Secret;
  open(url: string): Pool;
  log: Logger;
  onUse?: SecretUse | undefined;
}

interface Generation {
  value: string;
  used: Secret;
  pool: Pool;
}

const retryMs = 1_000;
const drainPollMs = 25;

/**
 * Connections to whatever the secret names now. When it has another value, the first connection with it is opened
 * beside the old ones; only then do new requests go there, and the old connections finish what they do. A value that
 * does not work costs no request anything as long as the old one does. (For a moment there may be twice as many
 * connections.)
 */
export class FollowingPool {
  readonly #options: FollowingPoolOptions;
  readonly #draining = new Set<Promise<void>>();
  #current: Generation;
  #following: Promise<void> | undefined;
  #failedAt = -Infinity;

  constructor(options: FollowingPoolOptions) {
    this.#options = options;
    this.#current = openGeneration(options);
  }

  get waitingCount(): number {
    return this.#current.pool.waitingCount;
  }

  async connect(): Promise<{ client: PoolClient; used: Secret }> {
    const tried = this.#current;
    const changing = this.#followIfChanged();
    try {
      return await this.#connectNow();
    } catch (error) {
      // The old value may have ended before the new one was noticed.
      if (!isRefused(error)) throw error;
      await changing;
      if (this.#current === tried) throw error;
      return await this.#connectNow();
    }
  }

  async end(): Promise<void> {
    await this.#following;
    await Promise.all([this.#current.pool.end(), ...this.#draining]);
  }

  async #connectNow(): Promise<{ client: PoolClient; used: Secret }> {
    const { pool, used } = this.#current;
    try {
      return { client: await pool.connect(), used };
    } catch (error) {
      if (isRefused(error)) this.#options.onUse?.(used, false);
      throw error;
    }
  }

  #followIfChanged(): Promise<void> | undefined {
    if (this.#following || unwrap(this.#options.url) === this.#current.value) return this.#following;
    if (performance.now() - this.#failedAt < retryMs) return undefined;
    this.#following = this.#follow().finally(() => (this.#following = undefined));
    return this.#following;
  }

  async #follow(): Promise<void> {
    const { log, onUse } = this.#options;
    const next = openGeneration(this.#options);
    try {
      const client = await next.pool.connect();
      client.release();
    } catch (error) {
      this.#failedAt = performance.now();
      onUse?.(next.used, false);
      log.warn({ code: codeOf(error) }, "The database's new URL does not work; the old one stays in use.");
      await next.pool.end().catch(() => {});
      return;
    }
    const former = this.#current;
    this.#current = next;
    log.info("New database connections use the new URL; the old ones finish what they do.");
    const drained = drain(former.pool).finally(() => this.#draining.delete(drained));
    this.#draining.add(drained);
  }
}

function openGeneration({ url, open }: FollowingPoolOptions): Generation {
  const value = unwrap(url);
  return { value, used: new Secret(value), pool: open(value) };
}

/** A pool that ends forgets who waits for a connection, so it ends when nobody does. */
async function drain(pool: Pool): Promise<void> {
  while (pool.waitingCount > 0) await new Promise((resolve) => setTimeout(resolve, drainPollMs));
  await pool.end().catch(() => {});
}

/** The server knows neither the user nor the password, or no longer: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isRefused(error: unknown): boolean {
  return codeOf(error).startsWith("28");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
