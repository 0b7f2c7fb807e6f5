import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { describe, expect, test } from "vitest";
import { median } from "../../testing/median.ts";
import { rpc } from "../../testing/raw-http.ts";
import { type SampleProcessOptions, startSampleProcess } from "../../testing/start-sample-process.ts";

type Sample = Awaited<ReturnType<typeof startSampleProcess>>;

interface Outcome {
  kind: "done" | "busy" | "limited" | "failed";
  /** From the moment the call was due, not from when it could be sent. */
  latencyMs: number;
  saysWhen: boolean;
}

/** Calls of one tool over connections that are already open: Node takes one new connection in each turn of its loop. */
async function openCaller(sample: Sample, tool: string, values: Record<string, unknown>) {
  const pool = new Pool(sample.url, { connections: 100, pipelining: 1 });
  const message = rpc("modern", "tools/call", { name: tool, arguments: values });
  const headers = { ...message.headers, authorization: `Bearer ${sample.bearer}` };

  async function call(due = performance.now()): Promise<Outcome> {
    try {
      const request = { path: "/mcp", method: "POST", headers, body: message.body, headersTimeout: 20_000 } as const;
      const response = await pool.request(request);
      const text = await response.body.text();
      const limited = text.includes("rate_limited");
      const answered = response.statusCode === 200 ? (limited ? "limited" : "done") : "failed";
      return {
        kind: response.statusCode === 503 ? "busy" : answered,
        latencyMs: performance.now() - due,
        saysWhen: limited ? text.includes("retryAfterMs") : response.headers["retry-after"] !== undefined,
      };
    } catch {
      return { kind: "failed", latencyMs: performance.now() - due, saysWhen: false };
    }
  }

  async function warmUp(): Promise<void> {
    const answers = Array.from({ length: 100 }, () => pool.request({ path: "/livez", method: "GET" }));
    await Promise.all((await Promise.all(answers)).map((answer) => answer.body.text()));
    // The server is in time again.
    await delay(200);
  }

  await warmUp();
  return { call, close: () => pool.destroy() };
}

type Caller = Awaited<ReturnType<typeof openCaller>>;

/** A few clients that call again as soon as they are answered; answers a second. */
async function closedLoop({ call }: Caller, seconds: number): Promise<number> {
  const from = performance.now();
  let done = 0;
  async function work(): Promise<void> {
    while (performance.now() < from + seconds * 1_000) if ((await call()).kind === "done") done++;
  }
  await Promise.all([work(), work(), work()]);
  return done / ((performance.now() - from) / 1_000);
}

/** Calls on a fixed schedule, whatever the answers do. */
async function openLoop({ call }: Caller, perSecond: number, seconds: number) {
  const pending: Promise<Outcome>[] = [];
  const from = performance.now();
  for (let sent = 0; sent < perSecond * seconds; sent++) {
    const due = from + (sent / perSecond) * 1_000;
    const wait = due - performance.now();
    if (wait > 1) await delay(wait);
    pending.push(call(due));
  }
  const outcomes = await Promise.all(pending);
  const elapsed = (performance.now() - from) / 1_000;
  return {
    answered: outcomes.filter(({ kind }) => kind !== "failed").length / outcomes.length,
    donePerSecond: outcomes.filter(({ kind }) => kind === "done").length / elapsed,
    busy: outcomes.filter(({ kind }) => kind === "busy"),
    limited: outcomes.filter(({ kind }) => kind === "limited"),
  };
}

/** How long the health page takes meanwhile. */
async function probeHealth<Result>(sample: Sample, during: () => Promise<Result>) {
  const healthMs: number[] = [];
  let over = false;
  const probing = (async () => {
    while (!over) {
      const from = performance.now();
      const answer = await fetch(`${sample.url}/livez`);
      await answer.body?.cancel();
      healthMs.push(performance.now() - from);
      await delay(100);
    }
  })();
  const result = await during().finally(() => (over = true));
  await probing;
  return { ...result, healthMs };
}

async function withSample(options: SampleProcessOptions, use: (sample: Sample) => Promise<void>): Promise<void> {
  const sample = await startSampleProcess(options);
  try {
    await use(sample);
    expect(sample.child.exitCode).toBeNull();
  } finally {
    await sample.stop();
  }
}

const latencies = (outcomes: readonly Outcome[]): number[] => outcomes.map(({ latencyMs }) => latencyMs);

describe("fault 52: three times what the server can do", () => {
  test("work goes on near its peak, the rest is refused at once, health answers", { timeout: 60_000 }, () =>
    withSample({ callerLimits: false }, async (sample) => {
      const caller = await openCaller(sample, "work_hard", { ms: 5 });
      const peak = await closedLoop(caller, 2);
      const storm = await probeHealth(sample, () => openLoop(caller, 3 * peak, 6));
      await caller.close();
      const metrics = await fetch(`${sample.url}/metrics`, { headers: { authorization: `Bearer ${sample.bearer}` } });
      expect(storm.answered).toBe(1);
      expect(storm.limited).toEqual([]);
      expect(storm.busy.length).toBeGreaterThan(peak);
      const shown = await metrics.text();
      expect(shown).toContain(`sophia_refused_requests_total{reason="load",server="ai"} ${storm.busy.length}\n`);
      expect(shown).toMatch(/^nodejs_eventloop_lag_p99_seconds\{server="ai"\} 0\.\d/m);
      expect(shown).toMatch(/^process_resident_memory_bytes\{server="ai"\} \d/m);
      expect(storm.busy.every(({ saysWhen }) => saysWhen)).toBe(true);
      // The aim is 90 % of the peak, 99 % of refusals in 50 ms and of probes in 100 ms. The first two seconds, when
      // late calls are still taken as a burst, are slower and weigh a third here; without refusals it is 2,900 ms.
      expect(storm.donePerSecond).toBeGreaterThan(0.8 * peak);
      expect(median(latencies(storm.busy))).toBeLessThan(700);
      expect(storm.healthMs.length).toBeGreaterThan(10);
      expect(median(storm.healthMs)).toBeLessThan(700);
    }),
  );

  test("a burst that is soon over is done, not refused", { timeout: 30_000 }, () =>
    withSample({ callerLimits: false }, async (sample) => {
      const caller = await openCaller(sample, "work_hard", { ms: 5 });
      const burst: Outcome[] = [];
      for (let wave = 0; wave < 3; wave++) {
        burst.push(...(await Promise.all(Array.from({ length: 60 }, () => caller.call()))));
      }
      await caller.close();
      expect(burst.map(({ kind }) => kind)).toEqual(burst.map(() => "done"));
    }),
  );
});

describe("fault 61: one caller far beyond its own limit", () => {
  test("it gets all that the limit lets through, and is told when to come back", { timeout: 60_000 }, () =>
    withSample({}, async (sample) => {
      const caller = await openCaller(sample, "list_much", { rows: 300 });
      const calm = await openLoop(caller, 40, 3);
      const storm = await probeHealth(sample, () => openLoop(caller, 800, 5));
      await caller.close();
      expect(calm.donePerSecond).toBeGreaterThan(36);
      expect(storm.answered).toBeGreaterThan(0.99);
      expect(storm.limited.length).toBeGreaterThan(0);
      expect([...storm.limited, ...storm.busy].every(({ saysWhen }) => saysWhen)).toBe(true);
      // A burst of 100 and 50 a second go through: all of it, whatever is refused beside it.
      expect(storm.donePerSecond).toBeGreaterThan(0.9 * (50 + 100 / 5));
      // Medians, because this machine has other work: alone, 99 % of the refusals take 2 ms and of the probes 7 ms.
      expect(median(latencies(storm.limited))).toBeLessThan(50);
      expect(median(storm.healthMs)).toBeLessThan(100);
    }),
  );
});

describe("fault 13: no file descriptors left", () => {
  test("the server neither crashes nor stays deaf", { timeout: 60_000 }, async () => {
    const sample = await startSampleProcess({ limitFiles: 96 });
    const sockets: Socket[] = [];
    try {
      for (let index = 0; index < 200; index++) {
        sockets.push(connect(sample.port, "127.0.0.1").on("error", () => {}));
        await delay(10);
      }
      await delay(300);
      const during = await fetch(`${sample.url}/livez`).catch(() => undefined);
      await during?.body?.cancel();
      for (const socket of sockets) socket.destroy();
      await delay(500);
      const after = await fetch(`${sample.url}/livez`);
      await after.body?.cancel();
      expect(after.status).toBe(200);
      expect(during?.status, "health while the cap is reached").toBe(200);
      expect(sample.child.exitCode).toBeNull();
    } finally {
      for (const socket of sockets) socket.destroy();
      await sample.stop();
    }
  });
});
