import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStreamTally, toCompletion, toEvents, toStoredAnswer } from "./answer.ts";
import type { EventChunk } from "@sophia/vendors/openai-shape/event-splitter";

const usage = { inputTokens: 5, outputTokens: 3, cachedInputTokens: 0, estimated: false };

function completion(message: object, finishReason = "stop", more: object[] = []) {
  const choices = [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finishReason }, ...more];
  return { id: "c1", object: "chat.completion", created: 7, model: "m", choices };
}

describe("what may be given again", () => {
  test("a finished text", () => {
    expect(toStoredAnswer(completion({ content: "yes", refusal: null, annotations: [] }), usage)).toEqual({
      id: "c1",
      model: "m",
      created: 7,
      content: "yes",
      inputTokens: 5,
      outputTokens: 3,
    });
  });

  test.each([
    ["cut", completion({ content: "ye" }, "length")],
    ["filtered", completion({ content: "" }, "content_filter")],
    ["empty", completion({ content: "" })],
    ["a tool call", completion({ content: null, tool_calls: [{ id: "x" }] }, "tool_calls")],
    ["text with a tool call", completion({ content: "ok", tool_calls: [{ id: "x" }] })],
    ["a refusal", completion({ content: "no", refusal: "I cannot" })],
    ["reasoning", completion({ content: "ok", reasoning: "because" })],
    [
      "two choices",
      completion({ content: "a" }, "stop", [{ index: 1, message: { content: "b" }, finish_reason: "stop" }]),
    ],
    ["an error", { error: { message: "x" } } as Record<string, unknown>],
    ["nothing", {}],
  ])("not %s", (_name, body: Record<string, unknown>) => {
    expect(toStoredAnswer(body, usage)).toBeUndefined();
  });
});

const chunk = (delta: Record<string, unknown>, finishReason: string | null = null, index = 0): EventChunk => ({
  id: "c1",
  model: "m",
  created: 7,
  choices: [{ index, delta, finish_reason: finishReason }],
});

describe("a stream, added up", () => {
  test("whole text is kept; the provider's count wins", () => {
    const tally = createStreamTally();
    expect(tally.started).toBe(false);
    for (const part of [chunk({ role: "assistant", content: "" }), chunk({ content: "ye" }), chunk({ content: "s" })]) {
      tally.add(part);
    }
    expect(tally.usage(9)).toEqual({ inputTokens: 9, outputTokens: 1, cachedInputTokens: 0, estimated: true });
    expect(tally.toStored(usage)).toBeUndefined();
    tally.add(chunk({}, "stop"));
    tally.add({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 2, cost: 0.5 } });
    expect(tally.usage(9)).toMatchObject({ inputTokens: 4, outputTokens: 2, statedCostUsd: 0.5, estimated: false });
    expect(tally.toStored(usage)).toMatchObject({ content: "yes", id: "c1" });
  });

  test.each([
    ["a cut", [chunk({ content: "x" }), chunk({}, "length")]],
    ["a tool call", [chunk({ tool_calls: [{ index: 0, id: "t" }] }), chunk({ content: "x" }, "stop")]],
    ["a second choice", [chunk({ content: "x" }, "stop"), chunk({ content: "y" }, "stop", 1)]],
    ["no text", [chunk({}, "stop")]],
  ])("%s is not kept", (_name, chunks) => {
    const tally = createStreamTally();
    for (const part of chunks) tally.add(part);
    expect(tally.toStored(usage)).toBeUndefined();
  });
});

test("a replayed stream says exactly what the answer says", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 400 }), (content) => {
      const stored = { id: "c", model: "m", created: 1, content, inputTokens: 1, outputTokens: 1 };
      const tally = createStreamTally();
      for (const event of toEvents(stored, { includeUsage: true })) tally.add(JSON.parse(event) as EventChunk);
      expect(tally.toStored(tally.usage(0))).toEqual(stored);
      expect(toStoredAnswer(toCompletion(stored), { ...usage, inputTokens: 1, outputTokens: 1 })).toEqual(stored);
    }),
  );
});
