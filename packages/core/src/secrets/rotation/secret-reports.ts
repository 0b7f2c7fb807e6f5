import type { Logger } from "pino";
import { Secret, unwrap } from "../../config/secret.ts";
import { toAppError } from "../../errors/app-error.ts";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { createConsumerRows, type ConsumerReport } from "./consumer-rows.ts";
import type { RotationKeys } from "./rotation-keys.ts";
import type { RotationTarget } from "./rotator.ts";

/** A secret that this process holds, and where its value stands. */
export interface WatchedSecret extends Pick<RotationTarget, "environment" | "path"> {
  secret: Secret;
  /** Uses a value as this process would. Throws when it does not work. */
  probe?(value: Secret, signal: AbortSignal): Promise<void>;
}

/** The consumer's side of a rotation: says which values are in use, how calls go, and tries pending ones. */
export interface SecretReports {
  watch(watched: WatchedSecret): void;
  /** A call with a secret ended. `used`: the value it was made with, where that may be an older one. */
  note(secret: Secret, ok: boolean, used?: Secret): void;
  /** Reports now. Never throws: what cannot be told now is told later. */
  report(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
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

interface Counted {
  watched: WatchedSecret;
  /** Calls and failures by fingerprint. */
  counts: Map<string, { calls: number; failures: number; isFresh: boolean }>;
}

/** Older values of one secret that are still counted; a process sees two at a time. */
const maximumFingerprints = 8;

export function createSecretReports(options: SecretReportsOptions): SecretReports {
  const { keys, clock, log, process } = options;
  const rows = createConsumerRows(options.store, clock);
  const secrets = new Map<Secret, Counted>();
  const stopped = new AbortController();
  let loop: Promise<void> | undefined;
  let isFailing = false;

  function count(counted: Counted, value: Secret): { calls: number; failures: number; isFresh: boolean } {
    const { watched, counts } = counted;
    const fingerprint = keys.fingerprint(watched.environment, unwrap(value));
    const known = counts.get(fingerprint);
    if (known) return known;
    const oldest = counts.size >= maximumFingerprints ? [...counts.keys()][0] : undefined;
    if (oldest !== undefined) counts.delete(oldest);
    const fresh = { calls: 0, failures: 0, isFresh: false };
    counts.set(fingerprint, fresh);
    return fresh;
  }

  function collect(): ConsumerReport[] {
    return [...secrets.values()].flatMap((counted) => {
      const { environment, path, probe, secret } = counted.watched;
      count(counted, secret).isFresh = true;
      const inUse = [...counted.counts].filter(([, each]) => each.isFresh);
      for (const [, each] of inUse) each.isFresh = false;
      const place = { environment: formatEnvironmentId(environment), path };
      return inUse.map(([fingerprint, { calls, failures }]) => ({
        ...place,
        process,
        fingerprint,
        calls,
        failures,
        answers_checks: probe ? 1 : 0,
      }));
    });
  }

  async function answerQuestions(): Promise<void> {
    const probed = [...secrets.values()].filter(({ watched }) => watched.probe);
    const names = new Set(probed.map(({ watched }) => formatEnvironmentId(watched.environment)));
    if (names.size === 0) return;
    for (const question of await rows.questions([...names], process)) {
      const asked = probed.find(
        ({ watched }) =>
          formatEnvironmentId(watched.environment) === question.environment && watched.path === question.path,
      );
      if (!asked) continue;
      const answer = await tryValue(asked.watched, question.sealed, options);
      await rows.answer({ rotation_id: question.rotation_id, process, ...answer });
    }
  }

  async function report(): Promise<void> {
    try {
      await rows.report(collect());
      await answerQuestions();
      isFailing = false;
    } catch (thrown) {
      if (!isFailing) log.warn({ err: thrown }, "Which secrets are in use could not be reported.");
      isFailing = true;
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      await report();
      await clock.sleep(options.everyMs ?? 20_000, stopped.signal).catch(() => {});
    }
  }

  return {
    watch: (watched) => void secrets.set(watched.secret, { watched, counts: new Map() }),
    note(secret, ok, used) {
      const counted = secrets.get(secret);
      if (!counted) return;
      const entry = count(counted, used ?? secret);
      entry.calls += 1;
      if (!ok) entry.failures += 1;
      entry.isFresh = true;
    },
    report,
    start: () => void (loop ??= run()),
    async stop() {
      stopped.abort();
      await loop;
    },
  };
}

async function tryValue(
  watched: WatchedSecret,
  sealed: string,
  options: SecretReportsOptions,
): Promise<{ outcome: "works" | "refused"; detail: string }> {
  try {
    const value = new Secret(await options.keys.unseal(watched.environment, sealed));
    await watched.probe?.(value, AbortSignal.timeout(options.probeTimeoutMs ?? 10_000));
    return { outcome: "works", detail: "" };
  } catch (thrown) {
    return { outcome: "refused", detail: toAppError(thrown).message };
  }
}
