import { createRequire } from "node:module";
import { Client } from "undici";
import type { Contender } from "./contenders.ts";
import { readCpuUs } from "./process-figures.ts";

/** What is asked: `same` repeats one prompt, otherwise each request has a prompt of its own. */
export interface Question {
  model: string;
  stream?: boolean;
  same?: boolean;
  headers?: Record<string, string>;
}

export interface LoadWindow {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuUs: number;
  errors: number;
}

interface CannonResult {
  requests: { total: number };
  latency: { p50: number; p99: number };
  duration: number;
  non2xx: number;
  errors: number;
  timeouts: number;
}
type Cannon = (options: Record<string, unknown>) => Promise<CannonResult>;

const connections = 32;

function buildBody(question: Question, id: string): string {
  const content = `Explain in one paragraph what makes item ${id} different from its neighbours in the catalogue.`;
  const system = "You answer in the tone of the house, briefly and to the point.";
  const messages = [
    { role: "system", content: system },
    { role: "user", content },
  ];
  return JSON.stringify({ model: question.model, messages, ...(question.stream && { stream: true }) });
}

/** 32 connections for `seconds`. CPU is the contender's own, so other load on the machine does not count. */
export async function runLoad(contender: Contender, question: Question, seconds: number): Promise<LoadWindow> {
  // Loaded here, from the benchmark's own folder, which is installed on demand.
  const cannon = createRequire(import.meta.url)("autocannon") as Cannon;
  const before = readCpuUs(contender.pid);
  const startedAt = performance.now();
  const result = await cannon({
    url: `${contender.url}/v1/chat/completions`,
    connections,
    duration: seconds,
    method: "POST",
    headers: { "content-type": "application/json", ...contender.headers, ...question.headers },
    body: buildBody(question, question.same ? "7" : "[<id>]"),
    idReplacement: question.same !== true,
  });
  const tookMs = performance.now() - startedAt;
  const { total } = result.requests;
  return {
    requestsPerSecond: (total * 1_000) / Math.min(tookMs, seconds * 1_000),
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuUs: (readCpuUs(contender.pid) - before) / total,
    errors: result.non2xx + result.errors + result.timeouts,
  };
}

/** One connection, one request after the other: µs to the first byte of the body, and to its end. */
export async function runAlone(
  contender: Contender,
  question: Question,
  count: number,
): Promise<{ firstUs: number[]; wholeUs: number[]; errors: number }> {
  const client = new Client(contender.url);
  const firstUs: number[] = [];
  const wholeUs: number[] = [];
  let errors = 0;
  for (let index = 0; index < count; index += 1) {
    const id = `${process.pid}-${performance.now()}-${index}`;
    const timed = await timeOne(client, contender, { question, body: buildBody(question, question.same ? "7" : id) });
    if (timed === undefined) errors += 1;
    else {
      firstUs.push(timed.firstUs);
      wholeUs.push(timed.wholeUs);
    }
  }
  await client.close();
  return { firstUs, wholeUs, errors };
}

function timeOne(
  client: Client,
  contender: Contender,
  { question, body }: { question: Question; body: string },
): Promise<{ firstUs: number; wholeUs: number } | undefined> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let firstUs = 0;
    let status = 0;
    const headers = { "content-type": "application/json", ...contender.headers, ...question.headers };
    client.dispatch(
      { path: "/v1/chat/completions", method: "POST", headers, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code;
        },
        onResponseData() {
          firstUs ||= (performance.now() - startedAt) * 1_000;
        },
        onResponseEnd() {
          const wholeUs = (performance.now() - startedAt) * 1_000;
          resolve(status === 200 ? { firstUs, wholeUs } : undefined);
        },
        onResponseError: () => resolve(undefined),
      },
    );
  });
}
