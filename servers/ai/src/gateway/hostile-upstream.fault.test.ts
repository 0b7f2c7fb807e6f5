import { gzipSync } from "node:zlib";
import { type RawAnswer, rawChunk, rawHead, rawReply } from "@sophia/core/testing/raw-upstream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import {
  answerSoundly,
  completionText,
  eventText,
  rawEndpoint,
  rawEvents,
  rawJson,
  type RawProvider,
  startRawProvider,
  wantsStream,
} from "../testing/raw-provider.ts";

const timeoutMs = 450;
interface Met {
  status: number;
  headers: Headers;
  text: string;
  durationMs: number;
}

async function ask(model: string, stream: boolean, content = `hello ${stream}`): Promise<Met> {
  const startedAt = performance.now();
  const answer = await fetch(`${harness.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", "x-sophia-cache": "exact" },
    body: JSON.stringify({ model, messages: [{ role: "user", content }], stream }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, durationMs: performance.now() - startedAt };
}

/** Two ways to answer one request: whole, and as a stream. */
const byForm =
  (whole: RawAnswer, stream: RawAnswer): RawAnswer =>
  (socket, request) =>
    (wantsStream(request) ? stream : whole)(socket, request);
const send =
  (bytes: string | Buffer): RawAnswer =>
  (socket) =>
    socket.write(bytes);
const sendAndClose =
  (bytes: string | Buffer): RawAnswer =>
  (socket) =>
    socket.end(bytes);
const vendor = JSON.stringify({ error: { message: "VENDOR TEXT", type: "server_error" } });
const gzip = { ...rawJson, "content-encoding": "gzip" };

/** Whatever it sends, without an end. */
function flood(head: Buffer, piece: string): RawAnswer {
  return (socket) => {
    socket.write(head);
    const pump = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", pump);
    pump();
  };
}

function drip(head: Buffer, piece: string): RawAnswer {
  return (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(piece), 40);
    socket.on("close", () => clearInterval(timer));
  };
}

const faults: readonly [string, number, RawAnswer, number?][] = [
  ["28: says 500", 502, send(rawReply(500, rawJson, vendor))],
  ["28: says 503, and its words never come", 503, send(rawReply(503, { "content-length": "100" }, "VENDOR TEXT"))],
  ["29: says 429", 429, send(rawReply(429, { ...rawJson, "retry-after": "1" }, vendor))],
  ["30: accepts and says nothing", 504, () => undefined],
  ["30: drips its head", 504, drip(Buffer.from("HTTP/1.1 200 OK\r\n"), "a: b\r\n")],
  [
    "30: drips its body",
    504,
    byForm(
      drip(rawHead(200, { ...rawJson, "content-length": "9999" }), " "),
      drip(rawHead(200, rawEvents), rawChunk(": wait\n\n")),
    ),
  ],
  ["31: resets", 502, (socket) => socket.resetAndDestroy()],
  ["31: closes", 502, (socket) => socket.end()],
  ["31: closes inside its head", 502, sendAndClose("HTTP/1.1 200 OK\r\ncontent-")],
  [
    "31: closes before its stated length",
    502,
    sendAndClose(rawReply(200, { ...rawJson, "content-length": "999" }, completionText("cut").slice(0, 40))),
  ],
  ["31: closes inside a chunk", 502, sendAndClose(rawReply(200, rawEvents, "fff\r\ndata: {"))],
  [
    "31: closes a body of no stated length",
    502,
    byForm(
      sendAndClose(rawReply(200, { ...rawJson, connection: "close" }, completionText("cut").slice(0, 60))),
      sendAndClose(
        rawReply(200, { "content-type": "text/event-stream", connection: "close" }, eventText("x").slice(0, 50)),
      ),
    ),
  ],
  ["31: packs garbage", 502, send(rawReply(200, gzip, "this is not gzip"))],
  ["33: sends a web page", 502, send(rawReply(200, { "content-type": "text/html" }, "<!doctype html>VENDOR TEXT"))],
  ["33: sends nothing", 502, send(rawReply(200, rawJson))],
  ["33: sends another shape", 502, send(rawReply(200, rawJson, '{"answer":"VENDOR TEXT"}'))],
  [
    "33: sends a key twice",
    502,
    byForm(
      send(rawReply(200, rawJson, completionText("x").replace("{", '{"choices":[{"VENDOR TEXT":1}],'))),
      send(rawReply(200, rawEvents, rawChunk("data: {VENDOR TEXT}\n\n"))),
    ),
  ],
  ["33: sends an error in a 200", 502, send(rawReply(200, rawJson, vendor))],
  [
    "33: streams an error first",
    502,
    byForm(send(rawReply(200, rawJson, vendor)), send(rawReply(200, rawEvents, rawChunk(`data: ${vendor}\n\n`)))),
  ],
  [
    "33: ends without an answer",
    502,
    byForm(
      send(rawReply(200, rawJson, '{"choices":[]}')),
      send(rawReply(200, rawEvents, rawChunk("data: [DONE]\n\n") + rawChunk())),
    ),
  ],
  [
    "34: floods",
    502,
    byForm(
      flood(rawHead(200, { ...rawJson, "content-length": String(2 ** 30) }), " ".repeat(65_536)),
      flood(rawHead(200, rawEvents), rawChunk("x".repeat(65_536))),
    ),
    // On a slow machine the deadline comes before the limit.
    504,
  ],
  ["34: sends a bomb", 502, send(rawReply(200, gzip, gzipSync(Buffer.alloc(100 << 20, " "))))],
  ["34: sends endless headers", 502, send(rawReply(200, { "x-much": "VENDOR".repeat(10_000) }, "{}"))],
  ["35: sends us elsewhere", 502, send(rawReply(307, { location: "http://169.254.169.254/VENDOR" }))],
  ["speaks another protocol", 502, sendAndClose("220 VENDOR ready\r\n")],
];

/** One for each fault, and one for the tests after them: what one has done wrong is not held against another. */
let places: RawProvider[];
let good: RawProvider;
let harness: AiHarness;
let bearer: string;
beforeAll(async () => {
  const indexes = [...faults.keys(), faults.length];
  places = await Promise.all(indexes.map((index) => startRawProvider([both(index), alone(index), `m/embed${index}`])));
  good = await startRawProvider(indexes.map(both));
  harness = await startAiHarness({
    endpoints: () => [...places.map((place, index) => rawEndpoint(`place${index}`, place)), rawEndpoint("good", good)],
    timeoutMs,
  });
  bearer = await harness.createBearer();
});
afterAll(async () => {
  await harness.close();
  await Promise.all([...places, good].map((place) => place.stop()));
});

const both = (index: number): string => `m/both${index}`;
const alone = (index: number): string => `m/alone${index}`;

describe("a place that", () => {
  const cases = faults.map(([name, status, fault, or = status], index) => ({ name, status, or, fault, index }));

  test.each(cases)("fault $name: another answers, or one clear error comes in time", async (one) => {
    const { status, or, fault, index } = one;
    const place = places[index];
    const bytesBefore = process.memoryUsage().rss;
    const linesBefore = (await harness.spent()).entries;
    place?.answer(fault);
    // A pause that is asked for holds for the second call, too.
    const lonely = status === 429 ? [] : [ask(alone(index), false), ask(alone(index), true)];
    for (const met of await Promise.all([ask(both(index), false), ask(both(index), true)])) {
      expect(met).toMatchObject({ status: 200, text: expect.stringContaining("answer") as string });
      expect(met.headers.get("x-sophia-provider")).toBe("good");
      expect(met.durationMs).toBeLessThan(timeoutMs + 1_200);
    }
    for (const met of await Promise.all(lonely)) {
      expect([status, or], met.text).toContain(met.status);
      const message = expect.stringMatching(`place${index}\\b`) as string;
      expect(JSON.parse(met.text)).toMatchObject({ error: { message } });
      expect(met.text).not.toContain("VENDOR");
      expect(met.durationMs).toBeLessThan(timeoutMs + 1_200);
    }
    // A gigabyte of the other side's is not ours.
    expect(process.memoryUsage().rss - bytesBefore).toBeLessThan(200 << 20);
    expect((await harness.spent()).entries - linesBefore).toBe(2);
    if (status === 429) return;
    place?.answer(answerSoundly("of its own"));
    const healed = await ask(alone(index), false);
    expect(healed).toMatchObject({ status: 200, text: expect.stringContaining("of its own") as string });
    expect(healed.headers.get("x-sophia-cache")).toBe("miss");
  });
});

test("an embedding from a hostile place is one clear error, in time and without a charge", async () => {
  const whole = JSON.stringify({ data: [{ index: 0, embedding: [1, "VENDOR"] }] });
  const met: RawAnswer[] = [
    send(rawReply(500, rawJson, vendor)),
    send(rawReply(200, { "content-type": "text/html" }, "<!doctype html>VENDOR TEXT")),
    send(rawReply(200, rawJson, whole)),
    (socket) => socket.resetAndDestroy(),
  ];
  const place = places[faults.length];
  const before = await harness.spent();
  for (const [index, fault] of [...met, () => undefined].entries()) {
    place?.answer(fault);
    const startedAt = performance.now();
    const answer = await fetch(`${harness.url}/v1/embeddings`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify({ model: `m/embed${faults.length}`, input: "some text" }),
    });
    const text = await answer.text();
    expect(answer.status, text).toBe(index < met.length ? 502 : 504);
    expect(JSON.parse(text)).toMatchObject({
      error: { message: expect.stringMatching(`place${faults.length}\\b`) as string },
    });
    expect(text).not.toContain("VENDOR");
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 1_200);
  }
  expect(await harness.spent()).toEqual(before);
});

test("a usage that cannot be is not believed: the answer is counted by us, and marked", async () => {
  const lies: unknown[] = [
    { prompt_tokens: -1_000, completion_tokens: -1_000 },
    { prompt_tokens: 1e300, completion_tokens: 1 },
    { prompt_tokens: "10", completion_tokens: "5" },
    { prompt_tokens: 10, completion_tokens: 5, cost: -1 },
  ];
  const before = await harness.spent();
  for (const [index, lie] of lies.entries()) {
    places[faults.length]?.answer(answerSoundly("of its own", lie as never));
    for (const stream of [false, true]) {
      expect(await ask(alone(faults.length), stream, `${index} ${stream}`)).toMatchObject({ status: 200 });
    }
  }
  const total = await harness.spent();
  const costUsd = total.costUsd - before.costUsd;
  expect(total.entries - before.entries).toBe(2 * lies.length);
  expect(total.estimatedUsd - before.estimatedUsd).toBeCloseTo(costUsd, 9);
  expect(costUsd).toBeGreaterThan(0);
  expect(costUsd).toBeLessThan(0.01);
});
