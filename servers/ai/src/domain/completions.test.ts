import type { Caller } from "@sophia/core/approval/caller";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { rawEndpoint, type RawProvider, startRawProvider } from "../testing/raw-provider.ts";
import type { StoredAnswer } from "./answer.ts";
import type { CompletionParts } from "./call-desk.ts";
import type { ChatCall } from "./chat-call.ts";
import { Completions } from "./completions.ts";
import { createKeyLimits } from "./key-limits.ts";

let harness: AiHarness;
let provider: RawProvider;
beforeAll(async () => {
  provider = await startRawProvider(["m/one"]);
  harness = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", provider)] });
});
afterAll(async () => {
  await harness.close();
  await provider.stop();
});

/** Of a cache that finds the same answer by meaning for everybody, and wants it checked. */
function openCompletions() {
  const remembered: StoredAnswer[] = [];
  const stored = { id: "a", model: "m/one", created: 1, content: "So.", inputTokens: 1, outputTokens: 1 };
  const semantic = {
    find: async () => {
      const check = { category: "c", vector: new Float32Array(1), modelId: "e" };
      return { kind: "hit", answer: stored, entryId: "e", score: 0.9, ageMs: 1, otherClass: false, check };
    },
    remember: async (_ticket: object, answer: StoredAnswer) => void remembered.push(answer),
  };
  const completions = new Completions({
    ...harness.services,
    cache: { peek: () => undefined, get: async () => undefined, put: async () => {} },
    semantic,
    limits: createKeyLimits({ clock: systemClock }),
    clock: systemClock,
    log: pino({ level: "silent" }),
    sinks: [],
    simulated: false,
  } as unknown as CompletionParts);
  return { completions, remembered };
}

function call(stream: boolean): ChatCall {
  return {
    request: { model: "m/one", messages: [{ role: "user", content: "Why?" }], ...(stream && { stream }) },
    caller: { id: "c", name: "c", scopes: ["read"] } as unknown as Caller,
    requestId: crypto.randomUUID(),
    signal: AbortSignal.timeout(10_000),
    cache: "use",
  };
}

test.each([
  ["whole", false],
  ["streamed", true],
])("a served answer that is to be checked is, once, however many share it: %s", async (_name, stream) => {
  const { completions, remembered } = openCompletions();
  const before = provider.chats().length;
  const ask = () => (stream ? completions.stream(call(true)) : completions.complete(call(false)));
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ cache }) => cache)).toEqual(["semantic", "semantic", "semantic"]);
  await completions.close();
  expect(provider.chats().length - before).toBe(1);
  expect(provider.chats().at(-1)?.body).not.toContain("stream");
  expect(remembered).toMatchObject([{ content: "a sound answer" }]);
});
