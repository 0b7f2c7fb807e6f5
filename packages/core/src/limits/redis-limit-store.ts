import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Secret } from "../config/secret.ts";
import type { SecretUse } from "../config/secret-use.ts";
import type { LoadSignal } from "./aimd.ts";
import type { Clock } from "./clock.ts";
import { FollowingRedis } from "./following-redis.ts";
import { createMemoryLimitStore, type LimitStore, type RateAnswer, type RateQuestion } from "./limit-store.ts";
import { closeGateScript, enterScript, gateMsScript, leaveScript, takeRateScript } from "./redis-scripts.ts";
import { intervalMs, toleranceMs, type ConcurrencyRule, type RateRule } from "./rules.ts";

export interface RedisLimitStoreOptions {
  /** Its value may be replaced: the next command opens a connection with the new one. */
  url: Secret;
  /** Told of each connection that was made or refused, with the URL it went to; for whoever rotates that. */
  onUse?: SecretUse;
  clock: Clock;
  log: Logger;
  /** While Redis is away each process allows itself this part of every limit. Default 4, the number of servers. */
  processes?: number;
  /** Before every key. */
  prefix?: string;
}

/** Limits that hold over all processes; see `shared` for which counting is in force. */
export interface RedisLimitStore extends LimitStore {
  /** False while Redis is away and the stricter local limits apply. */
  readonly shared: boolean;
}

const commandTimeoutMs = 250;
const maxPending = 256;
const firstProbeMs = 250;
const longestProbeMs = 5_000;
const stateLivesMs = 600_000;
const localLease = "local";

/**
 * When Redis does not answer, one time-out is enough: from then on nobody waits for it, the local limits (a share of
 * the common ones, so that all processes together stay below them) apply, and a probe of our own asks whether it is back.
 */
export function createRedisLimitStore(options: RedisLimitStoreOptions): RedisLimitStore {
  return new SharedLimits(options);
}

class SharedLimits implements RedisLimitStore {
  readonly pollMs = 50;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #processes: number;
  readonly #prefix: string;
  readonly #redis: FollowingRedis;
  readonly #local: LimitStore;
  readonly #closing = new AbortController();
  #pending = 0;
  #isAway = true;
  #isProbing = false;

  constructor(options: RedisLimitStoreOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#processes = options.processes ?? 4;
    this.#prefix = options.prefix ?? "sophia:limits";
    this.#local = createMemoryLimitStore({ clock: options.clock });
    const { url, log, onUse } = options;
    this.#redis = new FollowingRedis({
      url,
      log,
      onUse,
      open: connect,
      onReady: () => {
        if (!this.#isProbing) this.#isAway = false;
      },
      onClose: () => this.#lose(new Error("closed")),
    });
  }

  get shared(): boolean {
    return !this.#isAway;
  }

  async takeRate(question: RateQuestion): Promise<RateAnswer> {
    const { gate, bucket, rule, weight, maxWaitMs } = question;
    const keys = [this.#gateKey(gate), `${this.#prefix}:{${gate}}:${bucket}`];
    const values = [intervalMs(rule) * weight, toleranceMs(rule), maxWaitMs];
    return await this.#sharedOr(
      async () => parseAnswer(await this.#run(takeRateScript, keys, values)),
      () => this.#local.takeRate({ ...question, rule: stricterRate(rule, this.#processes) }),
    );
  }

  async gateMs(gate: string): Promise<number> {
    return await this.#sharedOr(
      async () => Number(await this.#run(gateMsScript, [this.#gateKey(gate)], [])),
      () => this.#local.gateMs(gate),
    );
  }

  async closeGate(gate: string, forMs: number): Promise<void> {
    // Here too, so that the gate stays closed when Redis goes away in the meantime.
    await this.#local.closeGate(gate, forMs);
    await this.#sharedOr(
      () => this.#run(closeGateScript, [this.#gateKey(gate)], [forMs]),
      () => Promise.resolve(),
    );
  }

  async tryEnter(bucket: string, rule: ConcurrencyRule, leaseMs: number): Promise<string | undefined> {
    const lease = randomUUID();
    return await this.#sharedOr(
      async () => {
        const entered = await this.#run(enterScript, this.#slotKeys(bucket), [rule.concurrent, lease, leaseMs]);
        return entered === 1 ? lease : undefined;
      },
      () => this.#local.tryEnter(bucket, stricterConcurrency(rule, this.#processes), leaseMs),
    );
  }

  async leave(
    bucket: string,
    rule: ConcurrencyRule,
    lease: string,
    load: LoadSignal,
    reportedLimit?: number,
  ): Promise<void> {
    if (lease === localLease) {
      await this.#local.leave(bucket, stricterConcurrency(rule, this.#processes), lease, load);
      return;
    }
    const values = [rule.concurrent, lease, load, reportedLimit ?? "", stateLivesMs];
    await this.#sharedOr(
      () => this.#run(leaveScript, this.#slotKeys(bucket), values),
      // A lease that cannot be returned ends by itself.
      () => Promise.resolve(),
    );
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#redis.disconnect();
    await this.#local.close();
  }

  async #run(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    this.#pending++;
    try {
      return await this.#redis.run((redis) => redis.eval(script, keys.length, ...keys, ...values));
    } finally {
      this.#pending--;
    }
  }

  /** The shared answer, or the local one when there is none in time. */
  async #sharedOr<Shared, Local>(shared: () => Promise<Shared>, local: () => Promise<Local>): Promise<Shared | Local> {
    if (this.#isAway || this.#pending >= maxPending) return await local();
    try {
      return await shared();
    } catch (error) {
      this.#lose(error);
      return await local();
    }
  }

  #lose(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (!this.#isAway) {
      this.#log.warn({ reason: reasonOf(error) }, "Redis is away: limits are local and stricter until it is back");
    }
    this.#isAway = true;
    if (!this.#isProbing) void this.#probe();
  }

  /** A write, not a ping: a replica, a full memory or a missing right answers pings happily. */
  async #probe(): Promise<void> {
    this.#isProbing = true;
    for (let pauseMs = firstProbeMs; this.#isAway; pauseMs = Math.min(pauseMs * 2, longestProbeMs)) {
      try {
        await this.#clock.sleep(pauseMs, this.#closing.signal);
        await this.#run(closeGateScript, [`${this.#prefix}:{probe}`], [1]);
        this.#isAway = false;
        this.#log.info("Redis is back: limits are shared");
      } catch {
        if (this.#closing.signal.aborted) break;
      }
    }
    this.#isProbing = false;
  }

  // The curly braces keep the keys of one script in one slot of a cluster.
  #gateKey(gate: string): string {
    return `${this.#prefix}:{${gate}}:gate`;
  }

  #slotKeys(bucket: string): string[] {
    return [`${this.#prefix}:{${bucket}}:leases`, `${this.#prefix}:{${bucket}}:state`];
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

function stricterRate(rule: RateRule, processes: number): RateRule {
  const burst = rule.burst ?? rule.requests * 0.1;
  return { ...rule, requests: rule.requests / processes, burst: Math.max(1, burst / processes) };
}

function stricterConcurrency(rule: ConcurrencyRule, processes: number): ConcurrencyRule {
  return { ...rule, concurrent: Math.max(1, Math.floor(rule.concurrent / processes)) };
}

function parseAnswer(reply: unknown): RateAnswer {
  const [kind, wait] = Array.isArray(reply) ? (reply as unknown[]) : [];
  const waitMs = Number(wait);
  if ((kind !== "go" && kind !== "gated" && kind !== "refused") || !Number.isFinite(waitMs)) {
    throw new Error("an answer that is none of the script's");
  }
  return { kind, waitMs };
}

/** Redis' own error word (LOADING, READONLY, OOM, NOAUTH, WRONGTYPE) or "time-out"; never the rest of its text. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const script = /\b(LOADING|READONLY|OOM|NOAUTH|NOPERM|WRONGTYPE|MISCONF|BUSY|CLUSTERDOWN)\b/.exec(message);
  return script?.[1] ?? (/timed out/i.test(message) ? "time-out" : "connection lost");
}
