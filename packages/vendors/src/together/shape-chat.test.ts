import { expect, test } from "vitest";
import { shapeChat } from "./shape-chat.ts";

const messages = [{ role: "user", content: "hello" }];

test("what needs no change is passed on as it is", () => {
  const body = { model: "m", messages, temperature: 0, stream: true };
  expect(shapeChat(body)).toBe(body);
});

test.each([
  [{ max_completion_tokens: 9 }, { max_tokens: 9 }],
  [{ stop: "END" }, { stop: ["END"] }],
  [{ logprobs: true, top_logprobs: 50 }, { logprobs: 20 }],
  [{ logprobs: true }, { logprobs: 1 }],
  [{ logprobs: false }, {}],
  [{ reasoning_effort: "minimal" }, {}],
  [{ reasoning_effort: "low", seed: null }, { reasoning_effort: "low" }],
  [{ stream_options: { include_usage: true }, user: "u", metadata: {}, service_tier: "auto" }, {}],
])("%j becomes %j", (asked, sent) => {
  expect(shapeChat({ model: "m", messages, ...asked })).toEqual({ model: "m", messages, ...sent });
});

test("a named tool becomes the only one, which must be called", () => {
  const tool = (name: string) => ({ type: "function", function: { name, parameters: {}, strict: true } });
  const choice = { type: "function", function: { name: "two" } };
  expect(shapeChat({ model: "m", messages, tools: [tool("one"), tool("two")], tool_choice: choice })).toEqual({
    model: "m",
    messages,
    tools: [{ type: "function", function: { name: "two", parameters: {} } }],
    tool_choice: "required",
  });
});

test("messages lose what only OpenAI knows, and calls get their index", () => {
  const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
  const conversation = [
    {
      role: "developer",
      content: [
        { type: "text", text: "be" },
        { type: "text", text: "brief" },
      ],
    },
    { role: "user", content: [{ type: "text", text: "hello" }] },
    { role: "assistant", content: null, refusal: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "c", content: [{ type: "text", text: "done" }] },
  ];
  expect(shapeChat({ model: "m", messages: conversation })["messages"]).toEqual([
    { role: "system", content: "be\nbrief" },
    { role: "user", content: [{ type: "text", text: "hello" }] },
    { role: "assistant", content: null, tool_calls: [{ index: 0, ...call }] },
    { role: "tool", tool_call_id: "c", content: "done" },
  ]);
});
