import { expect, test } from "vitest";
import { isRefusal } from "./detect-refusal.ts";

test.each([
  "I'm sorry, but I can't help with that.",
  "I’m sorry, but I cannot assist with that request.",
  "I cannot provide instructions for making that.",
  "I'm unable to help with this.",
  "As an AI language model, I don't have personal opinions and cannot do that.",
  "I must decline this request.",
  "Sorry. I won't create content of that kind.",
  "Es tut mir leid, aber dabei kann ich dir nicht helfen.",
  "Je suis désolé, mais je ne peux pas répondre à cela.",
  "Lo siento, pero no puedo ayudarte con eso.",
])("declines: %s", (answer) => {
  expect(isRefusal(answer)).toBe(true);
});

test.each([
  "I'm sorry to hear that. Here is what you can do.",
  "I can't believe how fast this is! The answer is 42.",
  "You cannot restart billing without the admin role; ask for it first.",
  "The API returns 403 when I cannot be the owner.",
  'Sure. Users say "it won\'t help" — here is why.',
  "",
])("answers: %s", (answer) => {
  expect(isRefusal(answer)).toBe(false);
});

test("only the beginning counts, and the provider's own word decides", () => {
  expect(isRefusal(`${"Here is the list. ".repeat(40)}I cannot help with more.`)).toBe(false);
  expect(isRefusal("", "content_filter")).toBe(true);
});
