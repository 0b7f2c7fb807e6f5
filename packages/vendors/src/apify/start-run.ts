import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import { policyOf } from "./operations.ts";
import { type ApifyRun, toRun } from "./run.ts";
import { RunList, RunReply } from "./schemas.ts";

/** What is run. Names are ids or `username~name`. */
export type ApifyRunTarget = { actor: string } | { task: string };

export interface ApifyRunStart {
  target: ApifyRunTarget;
  /** The Actor's input; of a task, what differs from the task's own. */
  input: Readonly<Record<string, unknown>>;
  /** 8 to 64 letters, digits, `-` and `_`, one for each start that is wanted: by it the run is found again. */
  tag: string;
  /** The run is stopped by the vendor after this long. */
  timeoutSecs: number;
  /** The vendor stops charging here, USD. For Actors that are paid by the compute unit `timeoutSecs` is the cap. */
  maxTotalChargeUsd?: number;
  maxItems?: number;
  /** A power of 2, from 128. */
  memoryMbytes?: number;
}

/** `unknown`: it may have been started. It must not be sent again; a look-up later may still find it. */
export type ApifyStartOutcome = { outcome: "started"; run: ApifyRun } | { outcome: "unknown"; tag: string };

const userAgentPrefix = "sophia run/";
const tagPattern = /^[\w-]{8,64}$/;
// A run shows in the list a moment after its start; one whose answer was lost may begin even later.
const lookUpPausesMs = [0, 250, 1_000, 3_000, 8_000];
const pageSize = 200;
const mostPages = 5;
const mostLookUps = 50;
/** The vendor's clock and ours. */
const clockSkewMs = 120_000;

/**
 * Starts a run once. The request is never repeated after a byte of it may have been read: when its answer is lost, the
 * account's newest runs are searched for the tag, which the vendor keeps with each run as the user agent of its start.
 * Throws AppError when the vendor refuses, or was not reached at all. https://docs.apify.com/api/v2/act-runs-post
 */
export async function startRun(
  http: Http,
  clock: Clock,
  start: ApifyRunStart,
  signal: AbortSignal,
): Promise<ApifyStartOutcome> {
  assertTag(start.tag);
  const since = clock.now();
  const { timeoutSecs: timeout, memoryMbytes: memory, maxItems, maxTotalChargeUsd } = start;
  try {
    const { data } = await http.request({
      ...policyOf("start_run"),
      method: "POST",
      path: pathOf(start.target),
      query: { timeout, memory, maxItems, maxTotalChargeUsd },
      headers: { "user-agent": `${userAgentPrefix}${start.tag}` },
      body: start.input,
      schema: RunReply,
      signal,
    });
    return { outcome: "started", run: toRun(data.data) };
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== "outcome_unknown") throw error;
    return await searchAgain(http, clock, { tag: start.tag, since }, signal);
  }
}

function pathOf(target: ApifyRunTarget): string {
  return "actor" in target ? apiPath`/actors/${target.actor}/runs` : apiPath`/actor-tasks/${target.task}/runs`;
}

async function searchAgain(
  http: Http,
  clock: Clock,
  wanted: { tag: string; since: number },
  signal: AbortSignal,
): Promise<ApifyStartOutcome> {
  const others = new Set<string>();
  for (const pauseMs of lookUpPausesMs) {
    await clock.sleep(pauseMs, signal);
    const run = await findRun(http, { ...wanted, others }, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      // The vendor is in trouble, which is why we are here.
      return undefined;
    });
    if (run) return { outcome: "started", run };
  }
  return { outcome: "unknown", tag: wanted.tag };
}

export interface ApifyRunSearch {
  tag: string;
  /** When the start was sent, wall clock, ms. */
  since: number;
  /** Runs that are known to be somebody else's; more are added. */
  others?: Set<string>;
}

/**
 * The run that was started with this tag, by anybody with this account. Not found: it was not started, or is not listed
 * yet, or the vendor kept no user agent. https://docs.apify.com/api/v2/actor-runs-get
 */
export async function findRun(
  http: Http,
  { tag, since, others = new Set() }: ApifyRunSearch,
  signal: AbortSignal,
): Promise<ApifyRun | undefined> {
  assertTag(tag);
  const userAgent = `${userAgentPrefix}${tag}`;
  const listed = (await listSince(http, since, signal)).filter(({ id }) => !others.has(id));
  const named = listed.find((run) => run.userAgent === userAgent);
  if (named) return named;
  // The list may leave the user agent out: then each run is asked for, those from about that time first.
  const nameless = listed
    .filter((run) => run.userAgent === undefined)
    .sort((left, right) => Math.abs(left.startedAt - since) - Math.abs(right.startedAt - since));
  for (const { id } of nameless.slice(0, mostLookUps)) {
    const request = { ...policyOf("get_run"), path: apiPath`/actor-runs/${id}`, schema: RunReply, signal };
    const reply = await unlessMissing(http.request(request));
    if (!reply) continue;
    const run = toRun(reply.data.data);
    if (run.userAgent === userAgent) return run;
    others.add(id);
  }
  return undefined;
}

async function listSince(http: Http, since: number, signal: AbortSignal): Promise<ApifyRun[]> {
  const startedAfter = new Date(since - clockSkewMs).toISOString();
  const runs: ApifyRun[] = [];
  for (let page = 0; page < mostPages; page++) {
    const query = { desc: true, limit: pageSize, offset: page * pageSize, startedAfter };
    const request = { ...policyOf("list_runs"), path: "/actor-runs", query, schema: RunList, signal };
    const { items, total } = (await http.request(request)).data.data;
    runs.push(...items.map(toRun));
    if ((page + 1) * pageSize >= total) break;
  }
  return runs;
}

function assertTag(tag: string): void {
  if (tagPattern.test(tag)) return;
  throw new AppError("invalid_input", "The tag of a run must be 8 to 64 letters, digits, - or _.", {
    hint: "Make one for each start, e.g. the id of the job's step.",
  });
}
