import { createSeededRandom } from "@sophia/core/routing/seeded-random";
import { type RawAnswer, rawReply } from "@sophia/core/testing/raw-upstream";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { afterEach, describe, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import {
  answerSoundly,
  completionText,
  rawEndpoint,
  rawEvents,
  rawJson,
  type RawProvider,
  startRawProvider,
} from "../testing/raw-provider.ts";

const model = "m/both";
let harness: AiHarness;
let providers: RawProvider[] = [];
afterEach(async () => {
  await harness.close();
  await Promise.all(providers.splice(0).map((provider) => provider.stop()));
});

async function startProvider(answer = answerSoundly("a sound answer"), ...models: string[]): Promise<RawProvider> {
  const provider = await startRawProvider([model, ...models]);
  provider.answer(answer);
  providers.push(provider);
  return provider;
}

const services = ["openrouter", "together", "huggingface", "portkey", "local-models"];

async function startGateway(places: readonly Pick<RawProvider, "url">[], timeoutMs = 5_000): Promise<Ask> {
  const endpoints = places.map((place, index) => rawEndpoint(services[index] ?? "", place));
  harness = await startAiHarness({ endpoints: () => endpoints, timeoutMs });
  const bearer = await harness.createBearer();
  return async (content, stream = false, wanted = model) => {
    const startedAt = performance.now();
    const answer = await fetch(`${harness.url}/v1/chat/completions`, {
      method: "POST",
      // What is alike is not what these are about: every answer is the same text.
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", "x-sophia-cache": "exact" },
      body: JSON.stringify({ model: wanted, messages: [{ role: "user", content }], stream }),
    });
    const text = await answer.text();
    const isWhole = !stream || text.endsWith("data: [DONE]\n\n");
    const durationMs = performance.now() - startedAt;
    return { status: answer.status, headers: answer.headers, isOk: answer.ok && isWhole, text, durationMs };
  };
}

interface Met {
  status: number;
  headers: Headers;
  isOk: boolean;
  text: string;
  durationMs: number;
}
type Ask = (content: string, stream?: boolean, wanted?: string) => Promise<Met>;

/** How often the place of this service was given up. */
function countOpenings({ url }: RawProvider, service: string): number {
  const endpointId = `${service} ${url}`;
  return harness.services.health.state({ id: `${endpointId} ${model}`, endpointId }).openings;
}

async function askMany(ask: Ask, count: number, atOnce: number): Promise<Met[]> {
  const answers: Met[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) answers.push(await ask(`q ${index}`, index % 2 === 0));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return answers;
}

const failures: readonly RawAnswer[] = [
  (socket) => socket.write(rawReply(500, rawJson, "{}")),
  (socket) => socket.write(rawReply(503, rawJson, "{}")),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.write(rawReply(200, { "content-type": "text/html" }, "<html>")),
  (socket) => socket.end(rawReply(200, { ...rawJson, "content-length": "900" }, completionText("cut"))),
  (socket) => socket.end(rawReply(200, rawEvents, "ff\r\ndata: ")),
];

/** Fails with this probability, each time in another way. */
function unreliable(seed: number, probability: number): RawAnswer {
  const random = createSeededRandom(seed);
  const sound = answerSoundly("a sound answer");
  return (socket, request) => {
    const failure = random() < probability ? failures[Math.floor(random() * failures.length)] : undefined;
    (failure ?? sound)(socket, request);
  };
}

describe("fault 40: a place that fails half of its calls", () => {
  test.each([1])("leaves at least 99 % of the answers, and is not given up again and again (seed %i)", async (seed) => {
    const half = await startProvider(unreliable(seed, 0.5));
    const ask = await startGateway([half, await startProvider()]);
    const startedAt = performance.now();
    const answers = await askMany(ask, 200, 8);
    expect(answers.filter(({ isOk }) => isOk).length / answers.length).toBeGreaterThanOrEqual(0.99);
    const openings = countOpenings(half, "openrouter");
    expect(openings).toBeGreaterThan(0);
    // The model and its place have a breaker each.
    expect(openings).toBeLessThanOrEqual(2 * Math.ceil((performance.now() - startedAt) / 10_000));
    expect((await harness.spent()).entries).toBe(answers.length);
  });

  test("so do three of them before one that works", async () => {
    const bad = await Promise.all([3, 4, 5].map((seed) => startProvider(unreliable(seed, 0.5))));
    const ask = await startGateway([...bad, await startProvider()]);
    const answers = await askMany(ask, 200, 4);
    expect(answers.filter(({ isOk }) => isOk).length / answers.length).toBeGreaterThanOrEqual(0.99);
  });

  test("so does one that works and fails by turns", async () => {
    let calls = 0;
    const sound = answerSoundly("a sound answer");
    const flapping = await startProvider((socket, request) =>
      (++calls % 20 < 10 ? sound : (failures[0] ?? sound))(socket, request),
    );
    const ask = await startGateway([flapping, await startProvider()]);
    const answers = await askMany(ask, 200, 4);
    expect(answers.filter(({ isOk }) => isOk)).toHaveLength(200);
  });
});

describe("a place that the router has not given up", () => {
  test("is asked again, although three of its first five calls failed", async () => {
    let calls = 0;
    const sound = answerSoundly("a sound answer");
    const only = await startProvider((socket, request) =>
      (++calls <= 5 && calls % 2 === 1 ? (failures[0] ?? sound) : sound)(socket, request),
    );
    const ask = await startGateway([only]);
    const answers = await askMany(ask, 10, 1);
    expect(answers.map(({ isOk }) => isOk)).toEqual([false, true, false, true, false, true, true, true, true, true]);
    expect(only.chats()).toHaveLength(10);
  });
});

describe("fault 28: a place that is dead", () => {
  const timeoutMs = 400;

  test("is asked five times, then nobody waits for it", async () => {
    const kinds: readonly [string, boolean, RawAnswer][] = [
      ["m/silent", false, () => undefined],
      ["m/silent-stream", true, () => undefined],
      ["m/web-page", false, failures[3] ?? (() => undefined)],
      ["m/stream-without-events", true, (socket) => socket.write(rawReply(200, rawEvents))],
    ];
    const dead = await Promise.all(
      kinds.map(([id, , answer]) => startRawProvider([id]).then((place) => ({ place, answer }))),
    );
    for (const { place, answer } of dead) {
      place.answer(answer);
      providers.push(place);
    }
    const sound = await startProvider(undefined, ...kinds.map(([id]) => id));
    const ask = await startGateway([...dead.map(({ place }) => place), sound], timeoutMs);
    await Promise.all(
      kinds.map(async ([id, stream], index) => {
        const place = dead[index]?.place;
        for (let round = 1; round <= 15; round += 1) {
          const { isOk, durationMs } = await ask(`q ${round}`, stream, id);
          expect(isOk, id).toBe(true);
          expect(durationMs, id).toBeLessThan(round <= 5 ? timeoutMs + 800 : timeoutMs);
          if (round === 5) expect(place?.chats(), id).toHaveLength(5);
        }
        expect(place?.chats(), id).toHaveLength(5);
        expect(place?.connections, id).toBeLessThanOrEqual(2);
      }),
    );
  });

  test("a crowd that meets it at one moment waits once", async () => {
    const dead = await startProvider(() => undefined);
    const ask = await startGateway([dead, await startProvider()], timeoutMs);
    const crowd = await askMany(ask, 30, 30);
    expect(crowd.every(({ isOk }) => isOk)).toBe(true);
    const late = await Promise.all([100, 101, 102].map((index) => ask(`q ${index}`)));
    expect(Math.max(...late.map(({ durationMs }) => durationMs))).toBeLessThan(timeoutMs);
    expect(dead.chats().length).toBeLessThanOrEqual(30);
  });
});

describe("fault 29: 429", () => {
  const busy =
    (retryAfter: string, more: Record<string, string> = {}): RawAnswer =>
    (socket) =>
      socket.write(rawReply(429, { ...rawJson, "retry-after": retryAfter, ...more }, "{}"));

  test("Retry-After is told in sane seconds, and nobody asks meanwhile", async () => {
    const kinds: readonly [string, Record<string, string>, number | undefined][] = [
      ["7", {}, 7],
      ["Wed, 02 Dec 2026 10:00:09 GMT", { date: "Wed, 02 Dec 2026 10:00:00 GMT" }, 9],
      ["1e9", {}, 60],
      ["-1", {}, undefined],
      ["soon", {}, undefined],
    ];
    const places = await Promise.all(kinds.map((_, index) => startRawProvider([`m/busy${index}`])));
    providers.push(...places);
    const ask = await startGateway(places);
    for (const [index, [value, more, seconds]] of kinds.entries()) {
      places[index]?.answer(busy(value, more));
      const first = await ask("one", false, `m/busy${index}`);
      expect(first.status, value).toBe(429);
      expect(first.headers.get("retry-after"), value).toBe(seconds === undefined ? null : String(seconds));
      if (seconds === undefined) continue;
      const sibling = await ask("two", false, `m/busy${index}`);
      expect([429, 503], value).toContain(sibling.status);
      expect(sibling.durationMs, value).toBeLessThan(1_000);
      expect(Number(sibling.headers.get("retry-after")), value).toBeGreaterThanOrEqual(seconds - 2);
      expect(Number(sibling.headers.get("retry-after")), value).toBeLessThanOrEqual(seconds);
      expect(places[index]?.chats(), value).toHaveLength(1);
    }
  });

  test("of one place sends its callers to another, at once", async () => {
    const place = await startProvider(busy("30"));
    const ask = await startGateway([place, await startProvider()]);
    const answers = await askMany(ask, 10, 1);
    expect(answers.every(({ isOk, durationMs }) => isOk && durationMs < 1_000)).toBe(true);
    expect(place.chats()).toHaveLength(1);
  });
});

describe("fault 39: when every place is down", () => {
  test("one error names them all, each in another kind of trouble, in time and without a charge", async () => {
    const closed = await startProvider();
    const plain = await startProvider();
    const silent = await startProvider(() => undefined);
    // Listed while it was up, or named in the settings.
    const named = (service: string, baseUrl: string): ModelEndpoint => ({
      service,
      mode: "live",
      baseUrl,
      models: [model],
    });
    harness = await startAiHarness({
      timeoutMs: 400,
      endpoints: () => [
        named("openrouter", "http://nobody.invalid/v1"),
        named("together", plain.url.replace("http:", "https:")),
        named("huggingface", closed.url),
        rawEndpoint("portkey", silent),
      ],
    });
    await closed.stop();
    providers = providers.filter((provider) => provider !== closed);
    const bearer = await harness.createBearer();
    const meet = async (stream: boolean): Promise<void> => {
      const startedAt = performance.now();
      const answer = await fetch(`${harness.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "x" }], stream }),
      });
      const { error } = (await answer.json()) as { error: { message: string } };
      expect(answer.status).toBe(503);
      for (const service of services.slice(0, 4)) expect(error.message).toContain(`${model} at ${service} (`);
      expect(error.message).not.toContain("127.0.0.1");
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    };
    await Promise.all([meet(false), meet(true)]);
    expect(plain.chats()).toHaveLength(0);
    expect((await harness.spent()).entries).toBe(0);
  });
});
