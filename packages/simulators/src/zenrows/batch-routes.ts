import type { Answer } from "../apify/answer.ts";
import { logNormal } from "../web-corpus/random.ts";
import { fetchTarget } from "./fetch-route.ts";
import { type BatchJob, type BatchTask, makeId, refuse, type ZenRowsState } from "./simulator-state.ts";

interface Visit {
  state: ZenRowsState;
  method: string;
  path: string;
  query: URLSearchParams;
  body: string;
  idempotencyKey: string | undefined;
}

const problem = "application/problem+json";
const activeJobs = 3;
const largeJob = 10_000;
const jobsKept = 1_000;

/** https://docs.zenrows.com/batch/api-reference */
export function answerBatch(visit: Visit): Answer {
  const { state, method, path } = visit;
  if (method === "POST" && path === "/jobs") return submit(visit);
  const [, collection, id = "", part = "", taskId = "", leaf] = path.split("/");
  const job = collection === "jobs" ? state.jobs.get(id) : undefined;
  if (!job) return refuse(404, "job_not_found", problem);
  if (method === "GET" && part === "") return { status: 200, json: describeJob(state, job) };
  if (method === "GET" && part === "results") return listResults(visit, job);
  if (method === "POST" && part === "stop") {
    job.stoppedAt ??= state.clock.now();
    return { status: 200, json: describeRun(state, job) };
  }
  const task = job.tasks.find((each) => each.id === taskId);
  if (method === "GET" && part === "tasks" && leaf === "content" && task) return readContent(state, job, task);
  return refuse(404, "not_found", problem);
}

function submit({ state, body, idempotencyKey }: Visit): Answer {
  const known = state.jobs.get(state.jobByIdempotencyKey.get(idempotencyKey ?? "") ?? "");
  if (known) return { status: 201, json: describeSubmitted(state, known) };
  const asked = readBody(body);
  if (!asked || asked.tasks.length === 0) return refuse(400, "invalid_request", problem);
  const active = [...state.jobs.values()].filter((job) => !isOver(state, job)).length;
  if (active >= activeJobs) return refuse(429, "too_many_active_jobs", problem);
  const now = state.clock.now();
  const job: BatchJob = {
    id: makeId(state, "job"),
    runId: makeId(state, "run"),
    name: asked.name,
    createdAt: now,
    stoppedAt: undefined,
    tasks: asked.tasks.map(({ url, external_id: externalId, zenrows_params: own }) => ({
      id: makeId(state, "task"),
      url,
      externalId,
      params: new URLSearchParams({ ...asked.zenrows_params, ...own, url }),
      endsAt: now + logNormal(state.random, state.latency.medianMs, state.latency.sigma) * state.latency.scale,
    })),
  };
  state.jobs.set(job.id, job);
  if (idempotencyKey !== undefined) state.jobByIdempotencyKey.set(idempotencyKey, job.id);
  const oldest = state.jobs.size > jobsKept ? state.jobs.keys().next().value : undefined;
  if (oldest !== undefined) state.jobs.delete(oldest);
  return { status: job.tasks.length >= largeJob ? 202 : 201, json: describeSubmitted(state, job) };
}

interface AskedTask {
  url: string;
  external_id?: string;
  zenrows_params?: Record<string, string>;
}

function readBody(
  text: string,
): { name?: string; tasks: AskedTask[]; zenrows_params?: Record<string, string> } | undefined {
  try {
    const value = JSON.parse(text) as { tasks?: AskedTask[]; name?: string; zenrows_params?: Record<string, string> };
    return { ...value, tasks: value.tasks ?? [] };
  } catch {
    return undefined;
  }
}

function isDone(state: ZenRowsState, job: BatchJob, task: BatchTask): boolean {
  return task.endsAt <= Math.min(state.clock.now(), job.stoppedAt ?? Infinity);
}

function isOver(state: ZenRowsState, job: BatchJob): boolean {
  return job.stoppedAt !== undefined || job.tasks.every((task) => isDone(state, job, task));
}

const outcomes = new WeakMap<BatchTask, Answer>();

/** Fetched, and paid for, once. */
function outcomeOf(state: ZenRowsState, task: BatchTask): Answer {
  const outcome = outcomes.get(task) ?? fetchTarget(state, task.params);
  outcomes.set(task, outcome);
  return outcome;
}

function describeRun(state: ZenRowsState, job: BatchJob): Record<string, unknown> {
  const done = job.tasks.filter((task) => isDone(state, job, task)).map((task) => outcomeOf(state, task));
  const successful = done.filter(({ status }) => status < 400).length;
  const sum = (name: string): number => done.reduce((total, { headers }) => total + Number(headers?.[name] ?? 0), 0);
  const isComplete = done.length === job.tasks.length;
  const status = isComplete
    ? "completed"
    : job.stoppedAt !== undefined
      ? "stopped"
      : done.length > 0
        ? "running"
        : "pending";
  return {
    run_id: job.runId,
    job_id: job.id,
    run_sequence: 1,
    status,
    stats: {
      total: job.tasks.length,
      completed: done.length,
      successful,
      failed: done.length - successful,
      spend: { credits: sum("x-request-credits"), cost: sum("x-request-cost") },
    },
    ingest_status: "done",
    created_at: new Date(job.createdAt).toISOString(),
  };
}

function describeJob(state: ZenRowsState, job: BatchJob): Record<string, unknown> {
  const created_at = new Date(job.createdAt).toISOString();
  const own = { job_id: job.id, type: "regular", status: "closed", name: job.name, created_at };
  return { ...own, latest_run: describeRun(state, job) };
}

function describeSubmitted(state: ZenRowsState, job: BatchJob): Record<string, unknown> {
  return { job_id: job.id, status: "closed", accepted_tasks: job.tasks.length, latest_run: describeRun(state, job) };
}

function listResults({ state, query }: Visit, job: BatchJob): Answer {
  const limit = Math.min(1_000, Number(query.get("limit") ?? 100));
  const from = Number(query.get("cursor") ?? 0);
  const results = job.tasks
    .map((task) => describeTask(state, job, task))
    .filter(({ status }) => !query.has("status") || status === query.get("status"));
  const next = from + limit;
  const page = { results: results.slice(from, next), ...(next < results.length && { next_cursor: String(next) }) };
  return { status: 200, json: page };
}

function describeTask(
  state: ZenRowsState,
  job: BatchJob,
  task: BatchTask,
): Record<string, unknown> & { status: string } {
  const own = { task_id: task.id, external_id: task.externalId, run_id: job.runId, url: task.url, method: "GET" };
  if (!isDone(state, job, task)) return { ...own, status: "pending" };
  const { status, json, headers, contentType } = outcomeOf(state, task);
  const total = {
    credits: Number(headers?.["x-request-credits"] ?? 0),
    cost: Number(headers?.["x-request-cost"] ?? 0),
  };
  const spend = { total, last_attempt: total };
  if (status >= 400) return { ...own, status: "failed", error: json, spend };
  return { ...own, status: "successful", type: contentType ?? "application/json", spend };
}

function readContent(state: ZenRowsState, job: BatchJob, task: BatchTask): Answer {
  if (!isDone(state, job, task)) return refuse(409, "task_pending", problem);
  const outcome = outcomeOf(state, task);
  return outcome.status < 400 ? outcome : refuse(404, "content_not_found", problem);
}
