import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import { policyOf } from "./operations.ts";
import { type ApifyRun, costSettlesAfterMs, toRun } from "./run.ts";
import { RunReply } from "./schemas.ts";

export interface ApifyRunCost {
  costUsd: number;
  /** `estimate`: read before the vendor had settled it, or the vendor gives none. */
  kind: "actual" | "estimate";
}

const longestPollSecs = 60;
// A run that was just started may not be known to the copy that is asked: the vendor's own client waits as long.
const replicaLagMs = 3_000;
const replicaPauseMs = 250;
/** A long poll that comes back early must not become a storm. */
const leastPollMs = 1_000;

/** https://docs.apify.com/api/v2/actor-run-get */
export async function getRun(
  http: Http,
  clock: Clock,
  { id, signal, waitForFinish }: { id: string; signal: AbortSignal; waitForFinish?: number },
): Promise<ApifyRun> {
  const giveUpAt = clock.monotonic() + replicaLagMs;
  const request = { ...policyOf("get_run"), path: apiPath`/actor-runs/${id}`, query: { waitForFinish }, signal };
  for (;;) {
    const reply = await unlessMissing(http.request({ ...request, schema: RunReply }));
    if (reply) return toRun(reply.data.data);
    if (clock.monotonic() >= giveUpAt) throw missingRun();
    await clock.sleep(replicaPauseMs, signal);
  }
}

function missingRun(): AppError {
  return new AppError("not_found", "Apify does not know this run.", {
    hint: "Runs are forgotten after the plan's retention; list the runs that there are.",
    service: "apify",
  });
}

/** One long poll after another. */
export async function waitForRun(
  http: Http,
  clock: Clock,
  { id, waitMs, signal }: { id: string; waitMs: number; signal: AbortSignal },
): Promise<ApifyRun> {
  const endAt = clock.monotonic() + waitMs;
  for (;;) {
    const askedAt = clock.monotonic();
    const secondsLeft = Math.floor(Math.max(0, endAt - askedAt) / 1_000);
    const run = await getRun(http, clock, { id, signal, waitForFinish: Math.min(longestPollSecs, secondsLeft) });
    const now = clock.monotonic();
    if (run.isFinal || now >= endAt) return run;
    await clock.sleep(Math.min(Math.max(0, askedAt + leastPollMs - now), endAt - now), signal);
  }
}

/** Never waits longer than the vendor needs, whatever the two clocks say. */
export async function settleCost(
  http: Http,
  clock: Clock,
  { run, signal }: { run: ApifyRun; signal: AbortSignal },
): Promise<ApifyRunCost> {
  const leftMs = (run.finishedAt ?? clock.now()) + costSettlesAfterMs - clock.now();
  if (run.isFinal) await clock.sleep(Math.min(Math.max(0, leftMs), costSettlesAfterMs), signal);
  const { costUsd, isFinal } = await getRun(http, clock, { id: run.id, signal });
  return { costUsd: costUsd ?? 0, kind: isFinal && costUsd !== undefined ? "actual" : "estimate" };
}
