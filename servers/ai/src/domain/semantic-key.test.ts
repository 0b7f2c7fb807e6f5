import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTemplateBook } from "./cache-templates.ts";
import type { ChatRequest } from "./chat-request.ts";
import { buildSemanticKey } from "./semantic-key.ts";

const options = { scope: "caller", modelClass: "gpt", templates: createTemplateBook() };
const asked = (content: unknown, more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content }],
  ...more,
});
const keyOf = (request: ChatRequest, changes = {}) =>
  buildSemanticKey(request, { ...options, templates: createTemplateBook(), ...changes });

describe("where a request belongs", () => {
  test("questions of one kind share a partition, whatever they ask", () => {
    const first = keyOf(asked("How do I reset my password?"));
    expect(first).toMatchObject({ kind: "key", category: "general", text: "How do I reset my password?" });
    expect(keyOf(asked([{ type: "text", text: "Why is the sky blue?" }], { stream: true, user: "u" }))).toMatchObject({
      partition: (first as { partition: string }).partition,
    });
  });

  const question = "How do I reset my password?";
  const base = keyOf(asked(question)) as { partition: string };
  const system = { role: "system", content: "Be brief." };
  test.each<[string, ChatRequest, object]>([
    ["scope", asked(question), { scope: "other" }],
    ["model class", asked(question), { modelClass: "claude" }],
    ["system prompt", { messages: [system, { role: "user", content: question }] }, {}],
    [
      "earlier turn",
      {
        messages: [
          { role: "assistant", content: "Hi" },
          { role: "user", content: question },
        ],
      },
      {},
    ],
    ["tools", asked(question, { tools: [{ type: "function", function: { name: "a" } }] }), {}],
    ["response format", asked(question, { response_format: { type: "json_object" } }), {}],
    ["longest answer", asked(question, { max_tokens: 10 }), {}],
    ["temperature class", asked(question, { temperature: 0 }), {}],
    ["seed", asked(question, { seed: 7 }), {}],
    ["name of the speaker", { messages: [{ role: "user", name: "Ann", content: question }] }, {}],
  ])("another %s is another partition", (_name, request, changes) => {
    expect(keyOf(request, changes)).toMatchObject({ kind: "key" });
    expect(keyOf(request, changes)).not.toMatchObject({ partition: base.partition });
  });

  test("the category is the application's own, else that of prompt and template", () => {
    expect(keyOf(asked(question), { category: "faq" })).toMatchObject({ category: "faq" });
    const prompted = keyOf({ messages: [system, { role: "user", content: question }] });
    expect(prompted).toMatchObject({ category: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });
});

test.each<[string, ChatRequest, string]>([
  ["asks for now", asked("What is the latest version?"), "asks_for_now"],
  ["asks for now in German", asked("Wie ist das Wetter heute?"), "asks_for_now"],
  ["shows a picture", asked([{ type: "image_url", image_url: { url: "data:," } }]), "not_text"],
  ["wants several", asked("Name a fruit", { n: 3 }), "unrepeatable"],
  ["is meant to vary", asked("Name a fruit", { temperature: 1.4 }), "very_random"],
  ["demands a tool", asked("Name a fruit", { tool_choice: "required" }), "tool_demanded"],
  ["is longer than the model reads", asked("word ".repeat(300)), "too_long"],
  ["says nothing", asked("  "), "not_text"],
  ["ends with an answer", { messages: [{ role: "assistant", content: "Hi" }] }, "not_a_question"],
])("a request that %s is none for this cache", (_name, request, reason) => {
  expect(keyOf(request)).toEqual({ kind: "none", reason });
});

test("what changes within hours is short-lived", () => {
  expect(keyOf(asked("What does the price of gold depend on?"))).toMatchObject({ shortLived: true });
  expect(keyOf(asked("How do magnets work?"))).toMatchObject({ shortLived: false });
});

test("two requests share a partition only if all but the last question is equal", () => {
  const word = fc.constantFrom("a", "b", "c");
  const request = fc.record({ scope: word, system: word, earlier: word, limit: fc.constantFrom(1, 2), text: word });
  type Wish = { scope: string; system: string; earlier: string; limit: number; text: string };
  const build = ({ scope, system, earlier, limit, text }: Wish) => {
    const messages = [
      { role: "system", content: system },
      { role: "assistant", content: earlier },
      { role: "user", content: `tell me about ${text}` },
    ];
    return keyOf({ messages, max_tokens: limit }, { scope }) as { partition: string };
  };
  fc.assert(
    fc.property(request, request, (left, right) => {
      const { text: _left, ...restLeft } = left;
      const { text: _right, ...restRight } = right;
      const equal = JSON.stringify(restLeft) === JSON.stringify(restRight);
      expect(build(left).partition === build(right).partition).toBe(equal);
    }),
    { numRuns: 200 },
  );
});

describe("templates", () => {
  const framed = (text: string) =>
    `Answer the customer's question in one sentence.\n${text}\nThank you for all your help.`;

  test("lines that five different requests share are told from what changes, and are part of the key", () => {
    const templates = createTemplateBook();
    const keys = Array.from({ length: 7 }, (_, index) => keyOf(asked(framed(`Question ${index}?`)), { templates }));
    expect(keys[0]).toMatchObject({ text: framed("Question 0?") });
    expect(keys[6]).toMatchObject({ text: "Question 6?" });
    expect(keys[6]).not.toMatchObject({ partition: (keys[0] as { partition: string }).partition });
    expect(keys[6]).not.toMatchObject({ category: "general" });
  });

  test("one request, however often, teaches no template; another scope learns its own", () => {
    const templates = createTemplateBook();
    for (let index = 0; index < 20; index += 1) keyOf(asked(framed("The same?")), { templates });
    expect(keyOf(asked(framed("The same?")), { templates })).toMatchObject({ text: framed("The same?") });
    for (let index = 0; index < 9; index += 1) keyOf(asked(framed(`Question ${index}?`)), { templates });
    const elsewhere = keyOf(asked(framed("Mine?")), { templates, scope: "other" });
    expect(elsewhere).toMatchObject({ text: framed("Mine?") });
  });

  test("a text that is all frame stays a question", () => {
    const templates = createTemplateBook();
    for (let index = 0; index < 9; index += 1) keyOf(asked(framed(`Question ${index}?`)), { templates });
    expect(keyOf(asked("Answer the customer's question in one sentence."), { templates })).toMatchObject({
      text: "Answer the customer's question in one sentence.",
    });
  });
});
