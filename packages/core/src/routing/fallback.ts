import { AppError, type ErrorKind, toAppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Candidate } from "./candidate.ts";
import type { CallTicket, EndpointHealth } from "./endpoint-health.ts";
import { classifyFailure, type Failure } from "./failure.ts";

/** One try at one target, to be ended by exactly one of its functions. */
export interface Attempt {
  candidate: Candidate;
  ok(times: { firstTokenMs?: number | undefined; totalMs?: number | undefined }): void;
  /** Cancelled when `signal` is aborted and the provider had not refused. */
  failed(thrown: unknown, signal?: AbortSignal): Failure;
}

export interface TriedTarget {
  candidate: Candidate;
  /** `skipped`: it is given a rest, and nobody waited for it. */
  outcome: "ok" | "skipped" | Failure["class"];
  /** From the start of the fallback, milliseconds. */
  startedMs: number;
  durationMs: number;
}

/**
 * Walks the targets of one decision: takes the next that may be asked, learns from each failure what may follow it, and
 * says in the end what was tried. It makes no call itself; whoever does reserves the money for each attempt anew.
 */
export interface Fallback {
  /** The next attempt; `undefined` when nothing is left or nothing may follow the last failure. */
  next(): Attempt | undefined;
  readonly tried: readonly TriedTarget[];
  /** What to throw when `next` has nothing left. */
  toError(): AppError;
}

export interface FallbackOptions {
  targets: readonly Candidate[];
  health: EndpointHealth;
  clock: Clock;
  /** Default 4. */
  maxAttempts?: number;
}

export function createFallback(options: FallbackOptions): Fallback {
  return new TargetWalk(options);
}

class TargetWalk implements Fallback {
  readonly #options: FallbackOptions;
  readonly #startedAt: number;
  readonly tried: TriedTarget[] = [];
  readonly #errors: AppError[] = [];
  /** Not asked yet, in order. */
  #left: Candidate[];
  #skipped: Candidate[] = [];
  #attempts = 0;

  constructor(options: FallbackOptions) {
    this.#options = options;
    this.#left = [...options.targets];
    this.#startedAt = options.clock.monotonic();
  }

  next(): Attempt | undefined {
    if (this.#attempts >= (this.#options.maxAttempts ?? 4)) return undefined;
    return this.#take(false) ?? this.#take(true);
  }

  #take(lastResort: boolean): Attempt | undefined {
    // What is coming back gets more than its share only when nothing else is left.
    if (lastResort) this.#left.push(...this.#skipped.splice(0));
    for (let candidate = this.#left.shift(); candidate; candidate = this.#left.shift()) {
      const ticket = this.#options.health.enter(candidate, { lastResort });
      if (ticket) return this.#start(candidate, ticket);
      if (lastResort) this.#note(candidate, "skipped", this.#now());
      else this.#skipped.push(candidate);
    }
    return undefined;
  }

  #start(candidate: Candidate, ticket: CallTicket): Attempt {
    this.#attempts += 1;
    const startedMs = this.#now();
    return {
      candidate,
      ok: (times) => {
        ticket.report({ outcome: "ok", ...times });
        this.#note(candidate, "ok", startedMs);
      },
      failed: (thrown, signal) => {
        const failure = classifyFailure(thrown, signal);
        ticket.report({ outcome: failure });
        this.#note(candidate, failure.class, startedMs);
        this.#errors.push(toAppError(thrown));
        const mayFollow = (other: Candidate) => isAllowedAfter(failure, candidate, other);
        this.#left = this.#left.filter(mayFollow);
        this.#skipped = this.#skipped.filter(mayFollow);
        return failure;
      },
    };
  }

  toError(): AppError {
    const [only, ...others] = this.#errors;
    const last = this.#errors.at(-1);
    const wasAlone = others.length === 0 && this.tried.every(({ outcome }) => outcome !== "skipped");
    const final = this.tried.findLast(({ outcome }) => outcome !== "skipped")?.outcome;
    // The request itself is at fault, or one target was all there was: its own error says it best.
    if (only && (wasAlone || final === "bad_request" || final === "content_policy")) return last ?? only;
    const waits = this.#options.targets.map((target) => this.#options.health.state(target).retryAfterMs);
    const retryAfterMs = Math.min(...waits.filter((ms) => ms > 0));
    const list = this.tried.map(describe).join("; ");
    return new AppError(this.#commonKind(), `No model answered. Tried: ${list || "nothing, there is no target"}.`, {
      hint: "check_models shows which endpoints work; name another model, or try again later.",
      ...(Number.isFinite(retryAfterMs) && { retryAfterMs }),
      cause: last,
    });
  }

  #commonKind(): ErrorKind {
    const kinds = new Set(this.#errors.map((error) => error.kind));
    const [kind] = kinds;
    const telling: readonly ErrorKind[] = ["rate_limited", "budget_exceeded", "timeout", "invalid_input"];
    return kind && kinds.size === 1 && telling.includes(kind) ? kind : "unavailable";
  }

  #note(candidate: Candidate, outcome: TriedTarget["outcome"], startedMs: number): void {
    this.tried.push({ candidate, outcome, startedMs, durationMs: this.#now() - startedMs });
  }

  #now(): number {
    return this.#options.clock.monotonic() - this.#startedAt;
  }
}

function isAllowedAfter(failure: Failure, failed: Candidate, other: Candidate): boolean {
  switch (failure.next) {
    case "stop":
      return false;
    case "other_provider":
      return other.endpointId !== failed.endpointId;
    case "longer_context":
      return other.family !== failed.family && (other.contextLength ?? Infinity) > (failed.contextLength ?? 0);
    case "other_target":
      return failure.affects !== "provider" || other.endpointId !== failed.endpointId;
  }
}

function describe({ candidate, outcome, durationMs }: TriedTarget): string {
  const place = `${candidate.model} at ${candidate.service}`;
  if (outcome === "skipped") return `${place} (not asked: it is given a rest)`;
  return `${place} (${outcome.replaceAll("_", " ")} after ${Math.round(durationMs)} ms)`;
}
