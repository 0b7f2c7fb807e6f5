import { createSeededRandom } from "@sophia/core/routing/seeded-random";
import { type RawAnswer, rawChunk, rawHead, rawReply } from "@sophia/core/testing/raw-upstream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import {
  answerSoundly,
  eventText,
  rawEndpoint,
  rawEvents,
  rawJson,
  rawPrices,
  type RawProvider,
  startRawProvider,
  wantsStream,
} from "../testing/raw-provider.ts";

let provider: RawProvider;
let harness: AiHarness;
beforeEach(async () => {
  provider = await startRawProvider(["m/one", "m/two"]);
});
afterEach(async () => {
  await harness.close();
  await provider.stop();
});

interface Question {
  model: string;
  messages: { role: string; content: string }[];
  temperature?: number;
  max_tokens?: number;
  stream?: boolean;
}

const ask = (content: string, more: Partial<Question> = {}): Question => ({
  model: "m/one",
  messages: [{ role: "user", content }],
  ...more,
});

interface Sent {
  bearer: string;
  cache?: string;
  tags?: string;
  signal?: AbortSignal;
}

async function send(question: Question, { bearer, cache, tags, signal }: Sent): Promise<Response> {
  return await fetch(`${harness.url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/json",
      ...(cache !== undefined && { "x-sophia-cache": cache }),
      ...(tags !== undefined && { "x-sophia-cache-tags": tags }),
    },
    body: JSON.stringify(question),
    ...(signal && { signal }),
  });
}

/** Each answer says which it is; what it answered and what it took is remembered. */
function createNumbered(seed: number) {
  const random = createSeededRandom(seed);
  const given: { question: Question; costUsd: number }[] = [];
  const answer: RawAnswer = (socket, request) => {
    const prompt = 5 + Math.floor(random() * 1_000);
    const completion = 1 + Math.floor(random() * 3_000);
    const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
    const costUsd = prompt * rawPrices.input + completion * rawPrices.output;
    const number = given.push({ question: JSON.parse(request.body) as Question, costUsd }) - 1;
    setTimeout(() => answerSoundly(`this is answer <${number}> of all`, usage)(socket, request), random() * 15);
  };
  return { given, random, answer };
}

/** The numbers of the answers in a text, whole or streamed. */
function findNumbers(text: string): number[] {
  const joined = text.replaceAll(/","?[^<>]*?"content":"/g, "");
  return [...joined.matchAll(/<(\d+)>/g)].map(([, digits]) => Number(digits));
}

async function inParallel(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** In one of the ways before anything of an answer, or after its beginning. */
function fail(kind: number): RawAnswer {
  return (socket, request) => {
    if (kind === 0) socket.write(rawReply(500, rawJson, "{}"));
    else if (kind === 1) socket.resetAndDestroy();
    else if (kind === 2) socket.write(rawReply(200, rawJson, '{"choices":[]}'));
    else if (wantsStream(request))
      socket.end(Buffer.concat([rawHead(200, rawEvents), Buffer.from(rawChunk(eventText("cut <")))]));
    else socket.end(rawReply(200, { ...rawJson, "content-length": "900" }, "{"));
  };
}

test("the ledger of 600 mixed calls over HTTP is what the provider says it gave, to the nano-dollar", async () => {
  // Two places, so that what one refuses is paid to the other; some questions repeat, some are streamed.
  const other = await startRawProvider(["m/one", "m/two"]);
  const first = createNumbered(1);
  const second = createNumbered(2);
  provider.answer((socket, request) =>
    (first.random() < 0.2 ? fail(Math.floor(first.random() * 3)) : first.answer)(socket, request),
  );
  other.answer(second.answer);
  harness = await startAiHarness({
    endpoints: () => [rawEndpoint("openrouter", provider), rawEndpoint("together", other)],
  });
  const bearers = await Promise.all([harness.createBearer(), harness.createBearer()]);
  const random = createSeededRandom(3);
  let told = 0;
  await inParallel(600, 16, async () => {
    const question = ask(`question ${Math.floor(random() * 300)}`, {
      model: random() < 0.5 ? "m/one" : "m/two",
      stream: random() < 0.4,
    });
    const answer = await send(question, { bearer: bearers[random() < 0.5 ? 0 : 1] ?? "", cache: "exact" });
    expect(answer.status).toBe(200);
    const cost = answer.headers.get("x-sophia-cost-usd");
    if (!question.stream) told += Number(cost);
    expect(findNumbers(await answer.text())).toHaveLength(1);
  });
  const given = [...first.given, ...second.given];
  const expectedUsd = given.reduce((sum, { costUsd }) => sum + costUsd, 0);
  const wholeUsd = given.reduce((sum, { costUsd, question }) => sum + (question.stream ? 0 : costUsd), 0);
  const total = await harness.spent();
  expect(total).toMatchObject({ entries: given.length, estimatedUsd: 0 });
  expect(total.costUsd).toBeCloseTo(expectedUsd, 9);
  expect(told).toBeCloseTo(wholeUsd, 9);
  expect(given.length).toBeGreaterThan(200);
  expect(given.length).toBeLessThan(600);
  await other.stop();
}, 60_000);

describe("answers and whom they are for", () => {
  const systems = ["You are brief.", "You are a pirate."];

  test.each([11])(
    "none goes to another caller, nor to another question's settings, nor is one cut kept (seed %i)",
    async (seed) => {
      const { given, random, answer } = createNumbered(seed);
      provider.answer((socket, request) => (random() < 0.1 ? fail(Math.floor(random() * 4)) : answer)(socket, request));
      harness = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", provider)] });
      const bearers: string[] = [];
      for (let caller = 0; caller < 5; caller += 1) bearers.push(await harness.createBearer());
      const ownerOf = new Map<number, string>();
      const counts = { answered: 0, failed: 0, left: 0, fresh: 0 };
      await inParallel(500, 24, async () => {
        const question: Question = {
          messages: [
            { role: "system", content: systems[random() < 0.5 ? 0 : 1] ?? "" },
            { role: "user", content: `what is the meaning of item ${Math.floor(random() * 8)}?` },
          ],
          model: random() < 0.5 ? "m/one" : "m/two",
          stream: random() < 0.5,
          ...(random() < 0.5 && { temperature: random() < 0.5 ? 0 : 1 }),
        };
        const bearer = bearers[Math.floor(random() * bearers.length)] ?? "";
        const cache = ["use", "exact", "bypass"][Math.floor(random() * 3)] ?? "use";
        const tags = random() < 0.3 ? "a" : undefined;
        const leaves = random() < 0.1 ? AbortSignal.timeout(1 + Math.floor(random() * 15)) : undefined;
        const sent = { bearer, cache, ...(tags !== undefined && { tags }), ...(leaves && { signal: leaves }) };
        const met = await send(question, sent)
          .then(
            async (reply) => ({
              status: reply.status,
              cache: reply.headers.get("x-sophia-cache"),
              text: await reply.text(),
            }),
            () => undefined,
          )
          .catch(() => undefined);
        if (!met) counts.left += 1;
        if (met?.status !== 200) return void (counts.failed += 1);
        const numbers = findNumbers(met.text);
        const isWhole = !question.stream || met.text.endsWith("data: [DONE]\n\n");
        if (!isWhole) return void (counts.failed += 1);
        expect(numbers).toHaveLength(1);
        const [number = -1] = numbers;
        const answered = given[number]?.question;
        expect(answered).toMatchObject({ model: question.model, messages: [question.messages[0], {}] });
        expect(answered?.temperature).toBe(question.temperature);
        if (met.cache !== "semantic") expect(answered?.messages[1]).toEqual(question.messages[1]);
        expect(ownerOf.get(number) ?? bearer).toBe(bearer);
        if (cache === "bypass") expect(ownerOf.has(number)).toBe(false);
        ownerOf.set(number, bearer);
        counts.answered += 1;
        if (met.cache === "miss") counts.fresh += 1;
      });
      // Otherwise nothing was tried here.
      expect(counts.answered).toBeGreaterThan(250);
      expect(counts.left).toBeGreaterThan(10);
      expect(counts.fresh).toBeLessThan(counts.answered - 30);
    },
    60_000,
  );
});

describe("fault 60: equal requests at one moment", () => {
  test.each([false, true])("share a failure as they share an answer (streamed: %j)", async (stream) => {
    harness = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", provider)] });
    const bearer = await harness.createBearer();
    provider.answer((socket) => setTimeout(() => socket.write(rawReply(500, rawJson, "{}")), 200));
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(ask("same", { stream }), { bearer })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 502));
    expect(provider.chats()).toHaveLength(1);
  });

  test("go on when the one who asked first leaves", async () => {
    harness = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", provider)] });
    const bearer = await harness.createBearer();
    const sound = answerSoundly("a sound answer");
    provider.answer((socket, request) => setTimeout(() => sound(socket, request), 300));
    const controller = new AbortController();
    const leader = send(ask("same"), { bearer, signal: controller.signal });
    await expect.poll(() => provider.chats().length, { timeout: 5_000 }).toBe(1);
    const followers = Array.from({ length: 20 }, () => send(ask("same"), { bearer }));
    setTimeout(() => controller.abort(), 100);
    await expect(leader).rejects.toThrow();
    const answers = await Promise.all(followers);
    for (const answer of answers) expect(await answer.text()).toContain("a sound answer");
    expect(provider.chats()).toHaveLength(1);
    expect((await harness.spent()).entries).toBe(1);
  });
});
