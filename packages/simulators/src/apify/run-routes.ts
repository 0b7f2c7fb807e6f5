import { findActor, type SimulatedActor } from "./actors.ts";
import type { Answer } from "./answer.ts";
import { describeRun, describeRunShort, writeLog } from "./describe-run.ts";
import { runFaults } from "./faults.ts";
import { endOf, isActive, type RunOptions, type SimulatedRun, statusAt } from "./run-machine.ts";
import { type ApifyState, type Exchange, makeId, parseJson, type SimulatedTask } from "./simulator-state.ts";
import { createRandom, logNormal } from "../web-corpus/random.ts";
import { found, pageOf, readPageWish, refuse } from "./wording.ts";

const runsKept = 2_000;
const longestPollSecs = 60;
const defaultTimeoutSecs = 3_600;

/** https://docs.apify.com/api/v2/act-runs-post */
export async function startActorRun(exchange: Exchange, actorName: string): Promise<Answer> {
  const actor = findActor(actorName);
  return actor ? await start(exchange, actor) : refuse(404, "actor-not-found");
}

/** Given input goes over the task's own. https://docs.apify.com/api/v2/actor-task-runs-post */
export async function startTaskRun(exchange: Exchange, taskName: string): Promise<Answer> {
  const task = findTask(exchange.state, taskName);
  const actor = task && findActor(task.actorId);
  return actor ? await start(exchange, actor, task) : refuse(404, "record-not-found");
}

export function findTask(state: ApifyState, name: string): SimulatedTask | undefined {
  return state.tasks.get(name) ?? [...state.tasks.values()].find((task) => name.split("~").at(-1) === task.name);
}

async function start(exchange: Exchange, actor: SimulatedActor, task?: SimulatedTask): Promise<Answer> {
  const { state, query, body } = exchange;
  const given = body.length === 0 ? {} : parseJson(body);
  if (!given) return refuse(400, "run-input-body-not-valid-json");
  const input = { ...task?.input, ...given };
  if (!actor.input.safeParse(input).success) return refuse(400, "invalid-input");
  const options = readOptions(query, actor);
  if (typeof options === "string") return refuse(400, options);
  const refusal = state.account.refusal(options.memoryMbytes);
  if (refusal !== undefined) return refuse(402, refusal);
  const run = makeRun(exchange, { actor, task, input, options });
  state.webhooks.addFromStart(run.id, query.get("webhooks"));
  await wait(exchange, run);
  const location = `${state.origin}/v2/actor-runs/${run.id}`;
  return { ...found(describeRun(state, run), 201), headers: { location } };
}

/** Or the type of the error. */
function readOptions(query: URLSearchParams, actor: SimulatedActor): RunOptions | string {
  const number = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
  const memoryMbytes = number("memory") ?? actor.memoryMbytes;
  const [timeout, maxItems, cap] = [number("timeout"), number("maxItems"), number("maxTotalChargeUsd")];
  if ([timeout, maxItems, cap, memoryMbytes].some((value) => Number.isNaN(value))) return "invalid-parameter";
  if (memoryMbytes < 128 || !Number.isInteger(Math.log2(memoryMbytes))) return "invalid-value";
  if (maxItems !== undefined && maxItems <= 0) return "max-items-must-be-greater-than-zero";
  if (cap !== undefined && cap <= 0) return "max-total-charge-usd-must-be-greater-than-zero";
  const { pricing } = actor;
  const isTooLow = pricing.pricingModel === "PAY_PER_EVENT" && (cap ?? Infinity) < pricing.minimalMaxTotalChargeUsd;
  if (isTooLow) return "max-total-charge-usd-below-minimum";
  return {
    build: query.get("build") ?? "latest",
    timeoutSecs: timeout ?? defaultTimeoutSecs,
    memoryMbytes,
    diskMbytes: memoryMbytes * 2,
    ...(maxItems !== undefined && { maxItems }),
    ...(cap !== undefined && { maxTotalChargeUsd: cap }),
  };
}

interface StartWish {
  actor: SimulatedActor;
  task: SimulatedTask | undefined;
  input: Record<string, unknown>;
  options: RunOptions;
}

function makeRun({ state, method, path, headers }: Exchange, { actor, task, input, options }: StartWish): SimulatedRun {
  const { clock, latency, faults, stores, runs } = state;
  const fault = faults.take(`${method} ${path}`, runFaults);
  const id = makeId(state);
  const storeId = makeId(state);
  const now = clock.now();
  const bytes = Buffer.from(JSON.stringify(input));
  const run: SimulatedRun = {
    id,
    actor,
    taskId: task?.id ?? null,
    startedAt: now,
    nominalMs: logNormal(createRandom(state.seed * 7_919 + state.made), latency.medianMs, latency.sigma),
    scale: latency.scale,
    end: fault?.kind === "run_ends" ? fault.status : "SUCCEEDED",
    abortedAt: undefined,
    options,
    userAgent: fault?.kind === "no_user_agent" ? null : headers.userAgent,
    inputBytes: bytes.length,
    buildId: `build-${actor.name}`,
    datasetId: makeId(state),
    storeId,
    queueId: makeId(state),
    items: actor.run(input),
  };
  const json = "application/json; charset=utf-8";
  const output = Buffer.from(JSON.stringify({ simulated: true, items: run.items.length }));
  const records = new Map([
    ["INPUT", { contentType: json, bytes }],
    ["OUTPUT", { contentType: json, bytes: output }],
  ]);
  stores.set(storeId, { id: storeId, name: null, runId: id, createdAt: now, records });
  runs.set(id, run);
  forgetOldest(state);
  return run;
}

function forgetOldest({ runs, stores }: ApifyState): void {
  const oldest = runs.values().next().value;
  if (runs.size <= runsKept || !oldest) return;
  runs.delete(oldest.id);
  stores.delete(oldest.storeId);
}

/** Long poll. https://docs.apify.com/api/v2/actor-run-get */
export async function getRun(exchange: Exchange, id: string): Promise<Answer> {
  const { state } = exchange;
  const run = state.runs.get(id);
  if (!run || state.clock.now() < run.startedAt + state.replicaLagMs) return refuse(404);
  await wait(exchange, run);
  return found(describeRun(state, run));
}

async function wait({ state, query, gone }: Exchange, run: SimulatedRun): Promise<void> {
  const seconds = Math.min(longestPollSecs, Number(query.get("waitForFinish") ?? 0));
  const until = Math.min(state.clock.now() + seconds * 1_000, endOf(run));
  // Timers may fire a moment early.
  for (let now = state.clock.now(); now < until; now = state.clock.now()) {
    await state.clock.sleep(Math.ceil(until - now), gone);
  }
}

/** https://docs.apify.com/api/v2/actor-run-abort-post */
export function abortRun({ state }: Exchange, id: string): Answer {
  const run = state.runs.get(id);
  if (!run) return refuse(404);
  const now = state.clock.now();
  if (isActive(run, now)) run.abortedAt ??= now;
  return found(describeRun(state, run));
}

export function listRuns({ state, query }: Exchange, actorName?: string): Answer {
  const actor = actorName === undefined ? undefined : findActor(actorName);
  if (actorName !== undefined && !actor) return refuse(404, "actor-not-found");
  const statuses = query.getAll("status").flatMap((text) => text.split(","));
  const after = Date.parse(query.get("startedAfter") ?? "") || 0;
  const before = Date.parse(query.get("startedBefore") ?? "") || Infinity;
  const now = state.clock.now();
  const chosen = [...state.runs.values()].filter(
    (run) =>
      (!actor || run.actor === actor) &&
      now >= run.startedAt + state.replicaLagMs &&
      run.startedAt >= after &&
      run.startedAt <= before &&
      (statuses.length === 0 || statuses.includes(statusAt(run, now))),
  );
  const page = pageOf(chosen, readPageWish(query));
  return found({ ...page, items: page.items.map((run) => describeRunShort(state, run)) });
}

/** https://docs.apify.com/api/v2/log-get */
export function getLog({ state }: Exchange, id: string): Answer {
  const run = state.runs.get(id);
  if (!run) return refuse(404);
  return { status: 200, bytes: Buffer.from(writeLog(state, run)), contentType: "text/plain; charset=utf-8" };
}
