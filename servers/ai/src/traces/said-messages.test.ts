import { expect, test } from "vitest";
import { cutText, toSaidMessages } from "./said-messages.ts";

const same = (text: string): string => text;

test("parts, pictures and tool calls become text", () => {
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(5_000)}` } };
  const messages = [
    { role: "user", content: [{ type: "text", text: "What is this?" }, image] },
    { role: "assistant", content: null, tool_calls: [{ id: "t1", function: { name: "look", arguments: "{}" } }] },
    { content: 5 },
  ];
  expect(toSaidMessages(messages, same)).toEqual([
    { role: "user", text: "What is this?\n[image_url]" },
    { role: "assistant", text: '[{"id":"t1","function":{"name":"look","arguments":"{}"}}]' },
    { role: "unknown", text: "" },
  ]);
});

test("a long talk keeps its instructions and its newest turns", () => {
  const messages = Array.from({ length: 80 }, (_, index) => ({ role: "user", content: `m${index}` }));
  const said = toSaidMessages(messages, same);
  expect(said).toHaveLength(50);
  expect([said[0]?.text, said[1]?.text, said.at(-1)?.text]).toEqual(["m0", "m31", "m79"]);
});

test("a cut tells what is missing and leaves no half character", () => {
  expect(cutText("abc", 3)).toBe("abc");
  expect(cutText("ab😀cd", 3)).toBe("ab\uFFFD… [3 characters more]");
});
