import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";

/** One line of the health report. `required` ones decide readiness. */
export interface HealthCheck {
  name: string;
  required: boolean;
  check(signal: AbortSignal): Promise<{ ok: boolean; detail: string }>;
}

export interface CheckResult {
  name: string;
  required: boolean;
  ok: boolean;
  detail: string;
  durationMs: number;
}

export interface HealthBody {
  status: "ok" | "degraded" | "unavailable";
  server: string;
  /** When this process started, ISO 8601: how others tell a restarted server from the one they knew. */
  startedAt: string;
  checks: readonly CheckResult[];
}

export interface HealthReport {
  ok: boolean;
  body: HealthBody;
}

/** The three reports: am I alive (nothing asked), may I get traffic (required checks), how is everything (all checks). */
export type Health = Record<"/livez" | "/readyz" | "/healthz", () => Promise<HealthReport>>;

/**
 * Each check has `deadlineMs` (2 s) to answer; all run at once. A report is kept for `cacheMs` (1 s) and asked for
 * once at a time, so that probing hard costs one round of checks a second.
 */
export function createHealth(options: {
  checks: readonly HealthCheck[];
  clock: Clock;
  server: string;
  deadlineMs?: number;
  cacheMs?: number;
}): Health {
  const { checks, server } = options;
  const startedAt = new Date(options.clock.now()).toISOString();
  const required = checks.filter((check) => check.required);
  const alive: HealthReport = { ok: true, body: { status: "ok", server, startedAt, checks: [] } };
  return {
    "/livez": () => Promise.resolve(alive),
    "/readyz": cacheReport(() => runChecks(required, startedAt, options), options),
    "/healthz": cacheReport(() => runChecks(checks, startedAt, options), options),
  };
}

function cacheReport(
  run: () => Promise<HealthReport>,
  options: { clock: Clock; cacheMs?: number },
): () => Promise<HealthReport> {
  let running: Promise<HealthReport> | undefined;
  let startedAt = -Infinity;
  return () => {
    const now = options.clock.monotonic();
    if (running && now - startedAt < (options.cacheMs ?? 1_000)) return running;
    startedAt = now;
    running = run();
    return running;
  };
}

async function runChecks(
  checks: readonly HealthCheck[],
  startedAt: string,
  options: { clock: Clock; server: string; deadlineMs?: number },
): Promise<HealthReport> {
  const results = await Promise.all(checks.map((check) => runCheck(check, options.clock, options.deadlineMs ?? 2_000)));
  const ok = results.every((result) => result.ok || !result.required);
  const status = results.every((result) => result.ok) ? "ok" : ok ? "degraded" : "unavailable";
  return { ok, body: { status, server: options.server, startedAt, checks: results } };
}

async function runCheck(check: HealthCheck, clock: Clock, deadlineMs: number): Promise<CheckResult> {
  const startedAt = clock.monotonic();
  const { name, required } = check;
  const controller = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<{ ok: boolean; detail: string }>();
  const timer = setTimeout(() => {
    resolve({ ok: false, detail: `no answer within ${deadlineMs} ms` });
    controller.abort(new AppError("timeout", `The check ${name} did not answer in time.`));
  }, deadlineMs);
  try {
    const { ok, detail } = await Promise.race([late, ask(check, controller.signal)]);
    return { name, required, ok, detail, durationMs: Math.round(clock.monotonic() - startedAt) };
  } finally {
    clearTimeout(timer);
  }
}

/** What a failed check says is our own words or nothing: this report is read without a bearer. */
async function ask(check: HealthCheck, signal: AbortSignal): Promise<{ ok: boolean; detail: string }> {
  try {
    return await check.check(signal);
  } catch (thrown) {
    return { ok: false, detail: thrown instanceof AppError ? thrown.message : "the check failed" };
  }
}
