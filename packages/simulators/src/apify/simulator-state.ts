import { hash } from "node:crypto";
import type { Account } from "./account.ts";
import type { FaultSwitch } from "./faults.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { SimulatedRun } from "./run-machine.ts";
import type { SimulatorClock } from "./simulator-clock.ts";
import type { Webhooks } from "./webhooks.ts";

export interface StoredRecord {
  contentType: string;
  bytes: Buffer;
}

/** A key-value store. */
export interface SimulatedStore {
  id: string;
  name: string | null;
  runId: string | null;
  createdAt: number;
  records: Map<string, StoredRecord>;
}

export interface SimulatedTask {
  id: string;
  actorId: string;
  name: string;
  input: Record<string, unknown>;
  createdAt: number;
}

export interface RunLatency {
  /** Of the log-normal; default 15 s. */
  medianMs: number;
  sigma: number;
  /** Times the run itself and the ten seconds until its cost is settled; prices follow the unscaled time. */
  scale: number;
}

/** What the routes share. */
export interface ApifyState {
  seed: number;
  origin: string;
  clock: SimulatorClock;
  faults: FaultSwitch;
  rates: RateLimits;
  account: Account;
  latency: RunLatency;
  /** A run is not found for this long after its start. */
  replicaLagMs: number;
  /** In the order of their starts. */
  runs: Map<string, SimulatedRun>;
  stores: Map<string, SimulatedStore>;
  tasks: Map<string, SimulatedTask>;
  webhooks: Webhooks;
  /** What was asked for, newest last. */
  calls: RecordedCall[];
  made: number;
}

export interface RecordedCall {
  method: string;
  /** Below `/v2`. */
  path: string;
  query: string;
  userAgent: string;
}

/** One request on its way to an answer. */
export interface Exchange {
  state: ApifyState;
  method: string;
  path: string;
  query: URLSearchParams;
  body: Buffer;
  headers: { contentType: string; userAgent: string };
  /** The caller has gone. */
  gone: AbortSignal;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const userSeed = "account";

/** 17 letters and digits, as the vendor's; the same order of calls gives the same ids. */
export function makeId(state: Pick<ApifyState, "seed" | "made">): string {
  state.made += 1;
  return idOf(`${state.seed}:${state.made}`);
}

export function userIdOf(state: Pick<ApifyState, "seed">): string {
  return idOf(`${state.seed}:${userSeed}`);
}

function idOf(text: string): string {
  const digest = hash("sha256", text, "buffer");
  return Array.from(digest.subarray(0, 17), (byte) => alphabet[byte % alphabet.length]).join("");
}

export function parseJson(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
