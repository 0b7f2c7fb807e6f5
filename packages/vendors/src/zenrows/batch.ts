import { AppError } from "@sophia/core/errors/app-error";
import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import { z } from "zod";
import { fetchQuery, type ZenRowsFetch } from "./fetch-options.ts";
import { policyOf } from "./operations.ts";

const runStatuses = ["pending", "running", "completed", "failed", "stopped", "deleted"] as const;
export type ZenRowsRunStatus = (typeof runStatuses)[number];
const finalStatuses = new Set<ZenRowsRunStatus>(["completed", "failed", "stopped", "deleted"]);

export interface ZenRowsJob {
  id: string;
  status: ZenRowsRunStatus;
  isFinal: boolean;
  total: number;
  completed: number;
  successful: number;
  failed: number;
  /** So far; `null`: not told. */
  credits: number | null;
  costUsd: number | null;
  /** The vendor's word, e.g. `insufficient_credits`. */
  failureReason: string | null;
}

export interface ZenRowsTask {
  id: string;
  url: string;
  /** What was given with the address. */
  ref: string | null;
  status: "pending" | "successful" | "failed";
  /** ZenRows' code of a failure. */
  errorCode: string | null;
  credits: number | null;
}

export interface ZenRowsBatchRequest {
  /** At most 10,000 in one call here. */
  tasks: readonly { url: string; ref?: string }[];
  /** For all of them; `url` and `body` aside. */
  options?: Omit<ZenRowsFetch, "url" | "body" | "headers">;
  name?: string;
  /** The same key gives the same job back, however often it is sent. */
  idempotencyKey: string;
}

export interface ZenRowsBatches {
  submitJob(request: ZenRowsBatchRequest, signal: AbortSignal): Promise<ZenRowsJob>;
  getJob(id: string, signal: AbortSignal): Promise<ZenRowsJob>;
  /** Asks until it has ended or `waitMs` have passed. */
  waitForJob(id: string, options: { waitMs: number; signal: AbortSignal }): Promise<ZenRowsJob>;
  listTasks(
    id: string,
    page: { cursor?: string; limit: number; status?: ZenRowsTask["status"] },
    signal: AbortSignal,
  ): Promise<{ tasks: ZenRowsTask[]; nextCursor?: string }>;
  /** What a task fetched. Untrusted. */
  getTaskContent(id: string, taskId: string, signal: AbortSignal): Promise<Buffer>;
  stopJob(id: string, signal: AbortSignal): Promise<void>;
}

const Run = z.object({
  status: z.enum(runStatuses),
  stats: z
    .object({
      total: z.number().nullish(),
      completed: z.number().nullish(),
      successful: z.number().nullish(),
      failed: z.number().nullish(),
      spend: z.object({ credits: z.number(), cost: z.number() }).nullish(),
    })
    .nullish(),
  failure_reason: z.string().nullish(),
});
const Job = z.object({ job_id: z.string(), latest_run: Run.nullish() });
const Results = z.object({
  results: z.array(
    z.object({
      task_id: z.string(),
      external_id: z.string().nullish(),
      url: z.string(),
      status: z.enum(["pending", "successful", "failed"]),
      error: z.object({ code: z.string().nullish() }).nullish(),
      spend: z.object({ total: z.object({ credits: z.number() }).nullish() }).nullish(),
    }),
  ),
  next_cursor: z.string().nullish(),
});

const mostTasks = 10_000;
const contentBytes = 32 * 1024 * 1024;
const firstPollMs = 2_000;
const longestPollMs = 15_000;

/** https://docs.zenrows.com/batch/api-reference */
export function createBatches(http: Http, clock: Clock): ZenRowsBatches {
  async function getJob(id: string, signal: AbortSignal): Promise<ZenRowsJob> {
    return toJob(
      (await http.request({ ...policyOf("read_job"), path: apiPath`/jobs/${id}`, schema: Job, signal })).data,
    );
  }

  return {
    async submitJob(request, signal) {
      const call = { ...policyOf("submit_job"), method: "POST" as const, path: "/jobs", schema: Job, signal };
      const headers = { "idempotency-key": request.idempotencyKey };
      return toJob((await http.request({ ...call, headers, body: jobBody(request) })).data);
    },
    getJob,
    async waitForJob(id, { waitMs, signal }) {
      const endsAt = clock.monotonic() + waitMs;
      for (let pauseMs = firstPollMs; ; pauseMs = Math.min(longestPollMs, pauseMs * 1.5)) {
        const job = await getJob(id, signal);
        const leftMs = endsAt - clock.monotonic();
        if (job.isFinal || leftMs <= 0) return job;
        await clock.sleep(Math.min(pauseMs, leftMs), signal);
      }
    },
    async listTasks(id, page, signal) {
      const request = { ...policyOf("read_results"), path: apiPath`/jobs/${id}/results`, query: page, signal };
      const { results, next_cursor: next } = (await http.request({ ...request, schema: Results })).data;
      return { tasks: results.map(toTask), ...(next !== null && next !== undefined && { nextCursor: next }) };
    },
    async getTaskContent(id, taskId, signal) {
      const path = apiPath`/jobs/${id}/tasks/${taskId}/content`;
      const request = { ...policyOf("read_results"), path, as: "bytes" as const, maxBytes: contentBytes, signal };
      return (await http.request({ ...request, schema: z.instanceof(Buffer) })).data;
    },
    async stopJob(id, signal) {
      const call = { ...policyOf("stop_job"), method: "POST" as const, path: apiPath`/jobs/${id}/stop`, signal };
      await http.request({ ...call, schema: z.unknown() });
    },
  };
}

function jobBody({ tasks, options = {}, name }: ZenRowsBatchRequest): Record<string, unknown> {
  if (tasks.length === 0 || tasks.length > mostTasks) {
    throw new AppError("invalid_input", `A job takes 1 to ${mostTasks} addresses.`, {
      hint: "Split it into several jobs.",
      service: "zenrows",
    });
  }
  // Each address is checked as a single one would be; the options are the same for all.
  const queries = tasks.map(({ url }) => fetchQuery({ ...options, url }));
  const { url: _url, ...shared } = queries[0] ?? {};
  const params = Object.entries(shared).filter(([, value]) => value !== undefined);
  return {
    type: "regular",
    status: "closed",
    name,
    tasks: tasks.map(({ url, ref }) => ({ url, external_id: ref })),
    zenrows_params: Object.fromEntries(params.map(([key, value]) => [key, String(value)])),
  };
}

function toJob({ job_id: id, latest_run: run }: z.output<typeof Job>): ZenRowsJob {
  const status = run?.status ?? "pending";
  const { total, completed, successful, failed, spend } = run?.stats ?? {};
  return {
    id,
    status,
    isFinal: finalStatuses.has(status),
    total: total ?? 0,
    completed: completed ?? 0,
    successful: successful ?? 0,
    failed: failed ?? 0,
    credits: spend?.credits ?? null,
    costUsd: spend?.cost ?? null,
    failureReason: run?.failure_reason ?? null,
  };
}

function toTask(task: z.output<typeof Results>["results"][number]): ZenRowsTask {
  const { task_id: id, external_id: ref, url, status, error, spend } = task;
  return { id, url, ref: ref ?? null, status, errorCode: error?.code ?? null, credits: spend?.total?.credits ?? null };
}
