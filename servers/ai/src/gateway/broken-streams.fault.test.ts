import { type RawAnswer, rawChunk, rawHead } from "@sophia/core/testing/raw-upstream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import {
  answerSoundly,
  eventText,
  rawEndpoint,
  rawEvents,
  type RawProvider,
  startRawProvider,
} from "../testing/raw-provider.ts";

const idleTimeoutMs = 1_000;
/** A place and a model for each test: what one has done wrong is not held against another. */
const models = Array.from({ length: 17 }, (_, index) => `m/model${index}`);
const unused = [...models.keys()];
let places: RawProvider[];
let second: RawProvider;
let harness: AiHarness;
let bearer: string;
let first: RawProvider;
let model: string;
let before: Awaited<ReturnType<AiHarness["spent"]>>;
beforeAll(async () => {
  places = await Promise.all(models.map((id) => startRawProvider([id])));
  second = await startRawProvider(models);
  harness = await startAiHarness({
    endpoints: () => [
      ...places.map((place, index) => rawEndpoint(`place${index}`, place)),
      rawEndpoint("good", second),
    ],
    idleTimeoutMs,
  });
  bearer = await harness.createBearer();
});
beforeEach(async () => {
  const index = unused.shift();
  const [place, id] = [places[index ?? -1], models[index ?? -1]];
  if (!place || id === undefined) throw new Error("There are more tests than places.");
  [first, model, before] = [place, id, await harness.spent()];
});
afterAll(async () => {
  await harness.close();
  await Promise.all([...places, second].map((place) => place.stop()));
});

interface Read {
  status: number;
  cache: string | null;
  /** What a client would show. */
  shown: string;
  isDone: boolean;
  hasError: boolean;
  raw: string;
}

async function readStream(content: string): Promise<Read> {
  const answer = await fetch(`${harness.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", "x-sophia-cache": "exact" },
    body: JSON.stringify({ model, messages: [{ role: "user", content }], stream: true }),
  });
  const raw = await answer.text();
  const data = raw.split("\n\n").flatMap((event) => (event.startsWith("data: ") ? [event.slice(6)] : []));
  const parsed = data.filter((text) => text !== "[DONE]").map((text) => JSON.parse(text) as Event);
  return {
    status: answer.status,
    cache: answer.headers.get("x-sophia-cache"),
    shown: parsed.map(({ choices }) => choices?.[0]?.delta?.content ?? "").join(""),
    isDone: data.at(-1) === "[DONE]",
    hasError: parsed.some(({ error }) => error !== undefined),
    raw,
  };
}

interface Event {
  choices?: { delta?: { content?: string } }[];
  error?: unknown;
}

const begun = Buffer.concat([rawHead(200, rawEvents), Buffer.from(rawChunk(eventText("one ") + eventText("two ")))]);
const vendor = JSON.stringify({ error: { message: "VENDOR TEXT", code: 502 } });

/** The first two words come; then, a little later, this happens. */
const then =
  (next: RawAnswer): RawAnswer =>
  (socket, request) => {
    socket.write(begun);
    setTimeout(() => next(socket, request), 40);
  };
const thenChunk = (bytes: string): RawAnswer => then((socket) => socket.write(rawChunk(bytes)));

const faults: readonly [string, RawAnswer][] = [
  ["reset", then((socket) => socket.resetAndDestroy())],
  ["closed", then((socket) => socket.end())],
  ["ended in good order, in the middle", then((socket) => socket.write(rawChunk()))],
  ["ended inside an event", then((socket) => socket.end(rawChunk(eventText("thr").slice(0, 40)) + rawChunk()))],
  ["cut inside a chunk", then((socket) => socket.end("ffff\r\ndata: {"))],
  ["broken by a chunk of no size", then((socket) => socket.write("zz\r\n"))],
  ["followed by an event that is no JSON", thenChunk("data: {VENDOR TEXT\n\n")],
  ["followed by an event that is no chunk", thenChunk('data: {"VENDOR":"TEXT"}\n\n')],
  ["followed by an error", thenChunk(`data: ${vendor}\n\n`)],
  ["followed by an error in the chunk of a word", thenChunk(`${eventText("three ")}data: ${vendor}\n\n`)],
  ["followed by an event without end", thenChunk(`data: ${"x".repeat(3 << 20)}`)],
  ["silent from then on", then(() => undefined)],
];

describe("fault 38: a stream that is", () => {
  test.each(faults)(
    "%s is partial: said, charged once as an estimate, never kept nor begun anew",
    async (_name, fault) => {
      first.answer(fault);
      const startedAt = performance.now();
      const [met, joined] = await Promise.all([readStream("q"), readStream("q")]);
      expect(performance.now() - startedAt).toBeLessThan(idleTimeoutMs + 3_000);
      for (const read of [met, joined]) {
        expect(read).toMatchObject({ status: 200, isDone: false, hasError: true });
        expect(read.shown).toMatch(/^one two (three )?$/);
        expect(read.raw).not.toContain("VENDOR");
      }
      expect(first.chats()).toHaveLength(1);
      expect(second.chats()).toHaveLength(0);
      const total = await harness.spent();
      expect(total.entries - before.entries).toBe(1);
      expect(total.estimatedUsd - before.estimatedUsd).toBeCloseTo(total.costUsd - before.costUsd, 9);
      await expect.poll(() => first.connections, { timeout: 2_000 }).toBeLessThanOrEqual(1);
      first.answer(answerSoundly("the whole of it"));
      const again = await readStream("q");
      expect(again).toMatchObject({ cache: "miss", shown: "the whole of it", isDone: true, hasError: false });
      expect(await readStream("q")).toMatchObject({ cache: "hit", shown: "the whole of it", isDone: true });
    },
  );

  test("whole, but whose connection is never ended: nobody waits, its place is not thought sick", async () => {
    const whole = eventText("all of it") + eventText("", "stop") + "data: [DONE]\n\n";
    first.answer((socket) => socket.write(Buffer.concat([rawHead(200, rawEvents), Buffer.from(rawChunk(whole))])));
    for (let round = 1; round <= 7; round += 1) {
      const startedAt = performance.now();
      expect(await readStream(`question ${round}`)).toMatchObject({
        shown: "all of it",
        isDone: true,
        hasError: false,
      });
      expect(performance.now() - startedAt).toBeLessThan(idleTimeoutMs);
    }
    await expect.poll(() => first.connections, { timeout: 6_000 }).toBe(0);
    expect(await readStream("question 8")).toMatchObject({ shown: "all of it", isDone: true });
    expect(first.chats()).toHaveLength(8);
    expect((await harness.spent()).entries - before.entries).toBe(8);
  });

  test("followed by garbage without end is let go at once", async () => {
    let sent = 0;
    first.answer((socket) => {
      socket.write(Buffer.concat([begun, Buffer.from(rawChunk("data: {broken\n\n"))]));
      const timer = setInterval(() => socket.write(rawChunk(": still here\n\n"), () => (sent += 1)), 20);
      socket.on("close", () => clearInterval(timer));
    });
    expect(await readStream("q")).toMatchObject({ isDone: false, hasError: true });
    await expect.poll(() => first.connections, { timeout: 6_000 }).toBe(0);
    expect(sent).toBeLessThan(100);
  });
});

describe("a stream is taken however it is cut up", () => {
  const text = "Grüße, 世界 👋";
  const all = `: hello\n\n${eventText("Grüße, ")}event: delta\n${eventText("世界 ")}${eventText("👋")}${eventText("", "stop")}`;

  test.each<[string, string]>([
    ["byte by byte", `${all}data: [DONE]\n\n`],
    ["with CRLF", `${all}data: [DONE]\n\n`.replaceAll("\n", "\r\n")],
    ["without [DONE]", all],
  ])("%s", async (_name, bytes) => {
    first.answer((socket) => {
      socket.setNoDelay(true);
      socket.write(rawHead(200, { "content-type": "text/event-stream", connection: "close" }));
      void (async () => {
        for (const byte of Buffer.from(bytes)) {
          socket.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
        socket.end();
      })();
    });
    expect(await readStream("q")).toMatchObject({ shown: text, isDone: true, hasError: false });
    expect(await readStream("q")).toMatchObject({ cache: "hit", shown: text, isDone: true });
    expect(first.chats()).toHaveLength(1);
  });
});
