import type { Logger } from "pino";
import { Secret, unwrap } from "../../config/secret.ts";
import { toAppError } from "../../errors/app-error.ts";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { type CheckRows, createCheckRows } from "./check-rows.ts";
import { type ConsumerReport, type ConsumerRows, createConsumerRows } from "./consumer-rows.ts";
import type { RotationKeys } from "./rotation-keys.ts";
import type { RotationTarget } from "./rotation-types.ts";

/** A secret that this process holds, and where its value stands. */
export interface WatchedSecret extends Pick<RotationTarget, "environment" | "path"> {
  secret: Secret;
  /** Uses a value as this process would. Throws when it does not work. */
  probe?(value: Secret, signal: AbortSignal): Promise<void>;
}

export interface SecretReportsOptions {
  store: Store<CoreTables>;
  /** Those of this process's credential are enough. */
  keys: RotationKeys;
  /** Unique among living processes, e.g. `ai@host#4711`. */
  process: string;
  clock: Clock;
  log: Logger;
  /** Default 20 s. */
  everyMs?: number;
  /** For one try of a pending value. Default 10 s. */
  probeTimeoutMs?: number;
}

interface Count {
  calls: number;
  failures: number;
  /** Used since the last report. */
  isFresh: boolean;
}

/** Older values of one secret that are still counted; a process sees two at a time. */
const maximumFingerprints = 8;

/** The consumer's side of a rotation: says which values are in use and how calls go, and tries pending values. */
export class SecretReports {
  readonly #options: SecretReportsOptions;
  readonly #rows: ConsumerRows;
  readonly #checks: CheckRows;
  readonly #secrets = new Map<Secret, { watched: WatchedSecret; counts: Map<string, Count> }>();
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: SecretReportsOptions) {
    this.#options = options;
    this.#rows = createConsumerRows(options.store, options.clock);
    this.#checks = createCheckRows(options.store, options.clock);
  }

  watch(watched: WatchedSecret): void {
    this.#secrets.set(watched.secret, { watched, counts: new Map() });
  }

  /** A call with a secret ended. `used`: the value it was made with, where that may be an older one. */
  note(secret: Secret, ok: boolean, used: Secret = secret): void {
    const count = this.#count(secret, used);
    if (!count) return;
    count.calls += 1;
    if (!ok) count.failures += 1;
    count.isFresh = true;
  }

  /** Reports now. Never throws: what cannot be told now is told later. */
  async report(): Promise<void> {
    try {
      await this.#rows.report(this.#collect());
      await this.#answerQuestions();
      this.#isFailing = false;
    } catch (thrown) {
      if (!this.#isFailing) this.#options.log.warn({ err: thrown }, "Which secrets are in use could not be reported.");
      this.#isFailing = true;
    }
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.report();
      await this.#options.clock.sleep(this.#options.everyMs ?? 20_000, signal).catch(() => {});
    }
  }

  #count(secret: Secret, value: Secret): Count | undefined {
    const known = this.#secrets.get(secret);
    if (!known) return undefined;
    const { counts } = known;
    const fingerprint = this.#options.keys.fingerprint(unwrap(value));
    let count = counts.get(fingerprint);
    if (!count) {
      const oldest = counts.size >= maximumFingerprints ? [...counts.keys()][0] : undefined;
      if (oldest !== undefined) counts.delete(oldest);
      count = { calls: 0, failures: 0, isFresh: false };
      counts.set(fingerprint, count);
    }
    return count;
  }

  #collect(): ConsumerReport[] {
    return [...this.#secrets.values()].flatMap(({ watched, counts }) => {
      const { environment, path, probe, secret } = watched;
      const current = this.#count(secret, secret);
      if (current) current.isFresh = true;
      const inUse = [...counts].filter(([, count]) => count.isFresh);
      for (const [, count] of inUse) count.isFresh = false;
      return inUse.map(([fingerprint, { calls, failures }]) => ({
        process: this.#options.process,
        environment: formatEnvironmentId(environment),
        path,
        fingerprint,
        calls,
        failures,
        answers_checks: probe ? 1 : 0,
      }));
    });
  }

  async #answerQuestions(): Promise<void> {
    const { process } = this.#options;
    const probed = [...this.#secrets.values()].map(({ watched }) => watched).filter(({ probe }) => probe);
    const names = [...new Set(probed.map(({ environment }) => formatEnvironmentId(environment)))];
    if (names.length === 0) return;
    for (const { rotation_id, environment, path, sealed } of await this.#checks.questions(names, process)) {
      const asked = probed.find((each) => formatEnvironmentId(each.environment) === environment && each.path === path);
      if (asked) await this.#checks.answer({ rotation_id, process, ...(await this.#try(asked, sealed)) });
    }
  }

  async #try(watched: WatchedSecret, sealed: string): Promise<{ outcome: "works" | "refused"; detail: string }> {
    const { keys, probeTimeoutMs } = this.#options;
    try {
      const value = new Secret(await keys.unseal(watched.environment, sealed));
      await watched.probe?.(value, AbortSignal.timeout(probeTimeoutMs ?? 10_000));
      return { outcome: "works", detail: "" };
    } catch (thrown) {
      return { outcome: "refused", detail: toAppError(thrown).message };
    }
  }
}
