import { expect, test } from "vitest";
import { answerToolName, toMessagesRequest } from "./messages-request.ts";

test("instructions leave the conversation, and turns alternate whatever the order was", () => {
  const { system, messages } = toMessagesRequest({
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "One." },
      { role: "user", content: [{ type: "text", text: "Two." }] },
      { role: "developer", content: "Be kind." },
      { role: "assistant", content: "" },
    ],
  });
  expect(system).toBe("Be brief.\n\nBe kind.");
  expect(messages).toEqual([
    {
      role: "user",
      content: [
        { type: "text", text: "One." },
        { type: "text", text: "Two." },
      ],
    },
  ]);
});

test("a round of tools becomes a use in the assistant's turn and results in the user's", () => {
  const { messages, tools, tool_choice } = toMessagesRequest({
    model: "m",
    tools: [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }],
    tool_choice: "required",
    messages: [
      { role: "user", content: "Weather in Rome and Oslo?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "a", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } },
          { id: "b", type: "function", function: { name: "weather", arguments: "" } },
        ],
      },
      { role: "tool", tool_call_id: "a", content: "hot" },
      { role: "tool", tool_call_id: "b", content: "cold" },
    ],
  });
  expect(messages.slice(1)).toEqual([
    {
      role: "assistant",
      content: [
        { type: "tool_use", id: "a", name: "weather", input: { city: "Rome" } },
        { type: "tool_use", id: "b", name: "weather", input: {} },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "a", content: "hot" },
        { type: "tool_result", tool_use_id: "b", content: "cold" },
      ],
    },
  ]);
  expect(tools).toEqual([{ name: "weather", input_schema: { type: "object" } }]);
  expect(tool_choice).toEqual({ type: "any" });
});

test("images come as data or as an address", () => {
  const image = (url: string) => ({ type: "image_url", image_url: { url } });
  const content = [image("data:image/png;base64,iVBORw0="), image("https://example.com/cat.png")];
  expect(toMessagesRequest({ model: "m", messages: [{ role: "user", content }] }).messages[0]?.content).toEqual([
    { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0=" } },
    { type: "image", source: { type: "url", url: "https://example.com/cat.png" } },
  ]);
});

test("limits keep within the API's, and max_tokens is always there", () => {
  const messages = [{ role: "user", content: "x" }];
  expect(toMessagesRequest({ model: "m", messages, temperature: 1.7, stop: "END" })).toMatchObject({
    max_tokens: 4_096,
    temperature: 1,
    stop_sequences: ["END"],
  });
  expect(toMessagesRequest({ model: "m", messages, max_tokens: 5, max_completion_tokens: 7 }).max_tokens).toBe(7);
});

test("structured output is the input of a tool that must be used", () => {
  const schema = { type: "object", properties: { city: { type: "string" } } };
  const response_format = { type: "json_schema", json_schema: { name: "place", schema } };
  const request = toMessagesRequest({ model: "m", messages: [{ role: "user", content: "x" }], response_format });
  expect(request.tools).toMatchObject([{ name: answerToolName, input_schema: schema }]);
  expect(request.tool_choice).toEqual({ type: "tool", name: answerToolName });
});

test.each([
  ["several answers", { n: 2 }],
  [
    "tools beside structured output",
    { tools: [{ type: "function", function: { name: "t" } }], response_format: { type: "json_object" } },
  ],
  ["an unknown kind of part", { messages: [{ role: "user", content: [{ type: "input_audio" }] }] }],
  [
    "broken arguments",
    { messages: [{ role: "assistant", tool_calls: [{ id: "a", function: { name: "t", arguments: "{" } }] }] },
  ],
  [
    "an image that is none",
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:text/html,x" } }] }] },
  ],
])("%s is refused with what to change", (_, members) => {
  const base = { model: "m", messages: [{ role: "user", content: "x" }] };
  expect(() => toMessagesRequest({ ...base, ...members })).toThrow(expect.objectContaining({ kind: "invalid_input" }));
});
