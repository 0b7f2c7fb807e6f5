import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import {
  startZenRowsSimulator,
  type ZenRowsSimulator,
  type ZenRowsSimulatorOptions,
} from "@sophia/simulators/zenrows/simulator";
import { documents } from "@sophia/simulators/web-corpus/corpus";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createZenRowsClient, type ZenRowsClient } from "./client.ts";

const apiKey = "0123456789abcdef0123456789abcdef01234567";
const { signal } = new AbortController();
const url = documents[0]?.url ?? "";
let simulator: ZenRowsSimulator;
let client: ZenRowsClient;
let logged = "";

async function open(options: ZenRowsSimulatorOptions & { slots?: number; key?: string } = {}): Promise<void> {
  const { slots = 5, key = apiKey, ...rest } = options;
  simulator = await startZenRowsSimulator({ apiKey, latency: { scale: 0.001 }, ...rest });
  logged = "";
  client = createZenRowsClient({
    apiKey: new Secret(key),
    concurrency: slots,
    baseUrl: simulator.url,
    batchUrl: simulator.batchUrl,
    log: pino({ level: "trace" }, { write: (line: string) => (logged += line) }),
    clock: systemClock,
  });
}

afterEach(async () => {
  await client.close();
  await simulator.close();
});

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error("no AppError was thrown");
  expect(`${error.message} ${error.hint}`).not.toMatch(/VENDOR TEXT|0123456789abcdef/);
  expect(logged).not.toContain(apiKey);
  return error;
}

const finals: [number, string, string][] = [
  [400, "REQS001", "denied"],
  [400, "REQS004", "invalid_input"],
  [401, "AUTH003", "not_configured"],
  [402, "AUTH004", "budget_exceeded"],
  [402, "AUTH010", "denied"],
  [403, "BLK0001", "unavailable"],
  [404, "RESP002", "not_found"],
  [404, "RESP007", "not_found"],
  [413, "RESP005", "invalid_input"],
  [422, "RESP001", "upstream"],
  [424, "RESP006", "upstream"],
  [502, "RESP003", "upstream"],
  [504, "CTX0002", "timeout"],
];
test.each(finals)("%i %s is final: one call, kind %s, and no key in any text", async (status, code, kind) => {
  await open();
  simulator.faults.set({ kind: "status", status, code }, { times: 5 });
  expect(await refusal(client.fetchPage({ url }, signal))).toMatchObject({ kind, status, retryable: false });
  expect(simulator.calls()).toHaveLength(1);
});

test.each(["AUTH006", "AUTH008"])("429 %s is tried again", async (code) => {
  await open();
  simulator.faults.set({ kind: "status", status: 429, code, retryAfter: "0" });
  expect((await client.fetchPage({ url }, signal)).status).toBe(200);
  expect(simulator.calls()).toHaveLength(2);
});

test("a balancer's page in place of an answer is tried again, a wrong key is not", async () => {
  await open();
  simulator.faults.set({ kind: "html", status: 502 });
  expect((await client.fetchPage({ url }, signal)).status).toBe(200);
  await client.close();
  await simulator.close();
  await open({ key: "f".repeat(40) });
  expect(await refusal(client.fetchPage({ url }, signal))).toMatchObject({ kind: "not_configured" });
  expect(simulator.calls()).toHaveLength(1);
});

test.each(["before", "after", "half_body"] as const)(
  "a body is sent to a target once when the line is cut %s",
  async (moment) => {
    await open();
    simulator.faults.set({ kind: "cut", moment }, { times: 5 });
    const error = await refusal(client.fetchPage({ url, body: { order: 1 } }, signal));
    expect(error.reason).toBe("outcome_unknown");
    expect(simulator.calls()).toHaveLength(1);
  },
);

test("a job is one job when the answer to its start is lost", async () => {
  await open();
  simulator.faults.set({ kind: "cut", moment: "after" });
  const job = await client.submitJob({ tasks: [{ url }], idempotencyKey: "lost-1" }, signal);
  expect(simulator.calls().map(({ headers }) => headers["idempotency-key"])).toEqual(["lost-1", "lost-1"]);
  expect((await client.submitJob({ tasks: [{ url }], idempotencyKey: "lost-1" }, signal)).id).toBe(job.id);
});

describe("slots", () => {
  test("no more are used than the plan has", async () => {
    await open({ slots: 3, concurrency: 3, latency: { scale: 0.005 } });
    await Promise.all(Array.from({ length: 15 }, () => client.fetchPage({ url }, signal)));
    expect(simulator.load()).toEqual({ most: 3, refused: 0 });
  });

  test("what the header says counts more than what was configured", async () => {
    await open({ slots: 50, concurrency: 2, latency: { scale: 0.005 } });
    await client.fetchPage({ url }, signal);
    await Promise.all(Array.from({ length: 12 }, () => client.fetchPage({ url }, signal)));
    expect(simulator.load()).toEqual({ most: 2, refused: 0 });
  });

  test("a cancelled request keeps its slot, and the next one waits for it instead of failing", async () => {
    await open({ slots: 1, concurrency: 1, latency: { medianMs: 700, sigma: 0 } });
    const leaving = new AbortController();
    const left = client.fetchPage({ url }, leaving.signal);
    await delay(100);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect((await client.fetchPage({ url }, signal)).status).toBe(200);
    expect(simulator.load()).toEqual({ most: 1, refused: 1 });
  });
});
