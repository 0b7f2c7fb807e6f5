import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type ApifySimulator, startApifySimulator } from "@sophia/simulators/apify/simulator";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ApifyClient, createApifyClient } from "./client.ts";
import { readWebhook, signWebhook } from "./webhooks.ts";

type Delivery = Parameters<typeof readWebhook>[0];

const { signal } = new AbortController();
const key = Buffer.from("this installation's own");
let simulator: ApifySimulator;
let client: ApifyClient;
let receiver: Server;
let url = "";
let deliveries: Delivery[];
let refusals = 0;

beforeEach(async () => {
  [deliveries, refusals] = [[], 0];
  simulator = await startApifySimulator({ seed: 4, apiKey: "key", latency: { scale: 0.01 } });
  const log = pino({ level: "silent" });
  client = createApifyClient({ apiKey: new Secret("key"), baseUrl: simulator.url, log, clock: systemClock });
  receiver = createServer((request, response) => {
    void readDelivery(request).then((delivery) => {
      deliveries.push(delivery);
      response.writeHead(refusals-- > 0 ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/apify`;
});
afterEach(async () => {
  await client.close();
  await simulator.close();
  receiver.closeAllConnections();
  await new Promise<void>((resolve) => receiver.close(() => resolve()));
});

async function readDelivery(request: IncomingMessage): Promise<Delivery> {
  const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return { headers, body: Buffer.concat(chunks).toString("utf8") };
}

async function startWatched(tag: string): Promise<string> {
  const target = { actor: "apify~rag-web-browser" };
  const start = { target, input: { query: "Foods" }, tag, timeoutSecs: 600 };
  const started = await client.startRun(start, signal);
  if (started.outcome !== "started") throw new Error("the run was not started");
  const { id } = started.run;
  await client.addWebhook({ runId: id, url, tag, signature: signWebhook(key, tag) }, signal);
  return id;
}

async function nextDelivery(): Promise<Delivery> {
  await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBeGreaterThan(0);
  return deliveries[0] ?? { headers: {}, body: "" };
}

test("the end of a run comes in, signed, with the run", async () => {
  const id = await startWatched("watched-run-1");
  const event = readWebhook(await nextDelivery(), key);
  expect(event).toMatchObject({
    type: "ACTOR.RUN.SUCCEEDED",
    runId: id,
    tag: "watched-run-1",
    dispatchId: expect.stringMatching(/^\w{17}$/),
    run: { id, status: "SUCCEEDED", isFinal: true },
  });
});

test("a run that timed out is TIMED-OUT as a status and TIMED_OUT as an event", async () => {
  simulator.faults.set({ kind: "run_ends", status: "TIMED-OUT" });
  await startWatched("watched-run-2");
  const event = readWebhook(await nextDelivery(), key);
  expect(event).toMatchObject({ type: "ACTOR.RUN.TIMED_OUT", run: { status: "TIMED-OUT" } });
});

test("a webhook that is added twice tells once, and one that is refused comes again under the same id", async () => {
  refusals = 1;
  const id = await startWatched("watched-run-3");
  await client.addWebhook(
    { runId: id, url, tag: "watched-run-3", signature: signWebhook(key, "watched-run-3") },
    signal,
  );
  await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBe(2);
  const ids = deliveries.map((delivery) => readWebhook(delivery, key)?.dispatchId);
  expect(new Set(ids).size).toBe(1);
});

test("a signature for another run, of another key, or none at all is refused", async () => {
  await startWatched("watched-run-4");
  const delivery = await nextDelivery();
  const forged = [
    { ...delivery.headers, "x-sophia-run": "watched-run-5" },
    { ...delivery.headers, "x-sophia-signature": signWebhook(Buffer.from("other"), "watched-run-4") },
    { ...delivery.headers, "x-sophia-signature": undefined },
    {},
  ];
  for (const headers of forged) {
    expect(() => readWebhook({ ...delivery, headers }, key)).toThrow(expect.objectContaining({ kind: "denied" }));
  }
});

test("what is signed but no event is refused; an event of another kind is let by", async () => {
  await startWatched("watched-run-6");
  const { headers, body } = await nextDelivery();
  const other = body.replaceAll("ACTOR.RUN.SUCCEEDED", "ACTOR.BUILD.SUCCEEDED");
  expect(readWebhook({ headers, body: other }, key)).toBeUndefined();
  for (const bad of ["", "<html>", "[]", "{}"]) {
    expect(() => readWebhook({ headers, body: bad }, key)).toThrow(expect.objectContaining({ kind: "invalid_input" }));
  }
  const nameless = { ...headers, "x-apify-webhook-dispatch-id": undefined };
  expect(() => readWebhook({ headers: nameless, body }, key)).toThrow(
    expect.objectContaining({ kind: "invalid_input" }),
  );
});
