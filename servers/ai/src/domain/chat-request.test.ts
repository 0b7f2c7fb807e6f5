import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildCacheKey, ChatRequest, estimateUsage } from "./chat-request.ts";

const base: ChatRequest = { model: "m", messages: [{ role: "user", content: "hi" }] };
const keyOf = (request: ChatRequest, wish = "any") => buildCacheKey(request, wish);

function shuffle(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffle);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, shuffle(member)]),
  );
}

describe("cache key", () => {
  test("does not depend on the order of members, nor on how the answer is delivered", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, stream) => {
        const request = { ...base, response_format: value };
        const delivered = { ...(shuffle(request) as ChatRequest), stream, user: "u1", metadata: { a: "b" } };
        expect(keyOf(delivered)).toBe(keyOf(request));
      }),
    );
  });

  test.each<[string, ChatRequest, string]>([
    ["model", { ...base, model: "n" }, "any"],
    ["no model", { messages: base.messages }, "any"],
    ["what is demanded beside it", base, "local"],
    ["message", { ...base, messages: [{ role: "user", content: "hi " }] }, "any"],
    ["role", { ...base, messages: [{ role: "system", content: "hi" }] }, "any"],
    ["temperature", { ...base, temperature: 0 }, "any"],
    ["limit", { ...base, max_tokens: 5 }, "any"],
    ["tools", { ...base, tools: [{ type: "function", function: { name: "f" } }] }, "any"],
    ["seed", { ...base, seed: 1 }, "any"],
    ["earlier turn", { ...base, messages: [{ role: "assistant", content: "x" }, ...base.messages] }, "any"],
  ])("differs by %s", (_name, request, wish) => {
    expect(keyOf(request, wish)).not.toBe(keyOf(base));
  });

  test.each<[string, Partial<ChatRequest>]>([
    ["several choices", { n: 2 }],
    ["web search", { web_search_options: {} }],
    ["plugins", { plugins: [{ id: "web" }] }],
    ["log probabilities", { logprobs: true }],
    ["storing at the provider", { store: true }],
  ])("%s are not cached", (_name, change) => {
    expect(keyOf({ ...base, ...change })).toBeUndefined();
  });

  test("members that say no change nothing", () => {
    expect(keyOf({ ...base, logprobs: false, store: false })).toBeDefined();
    expect(keyOf({ ...base, model: "m:online" })).toBeUndefined();
  });
});

test("the reservation covers the limit asked for, for each choice", () => {
  expect(estimateUsage({ ...base, max_tokens: 100, n: 3 }).outputTokens).toBe(300);
  expect(estimateUsage({ ...base, max_completion_tokens: 7 }).outputTokens).toBe(7);
  expect(estimateUsage(base).outputTokens).toBe(1_024);
  const long = { ...base, messages: [{ role: "user", content: "ä".repeat(4_000) }] };
  expect(estimateUsage(long).inputTokens).toBeGreaterThanOrEqual(2_000);
});

test("any JSON is parsed or refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(typeof ChatRequest.safeParse(value).success).toBe("boolean");
    }),
  );
});
