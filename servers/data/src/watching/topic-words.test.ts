import { expect, test } from "vitest";
import { isAbout } from "./topic-words.ts";

test.each([
  [null, "anything", true],
  [" , ", "anything", true],
  ["harbour lighthouse", "The LIGHTHOUSE of the harbours", true],
  ["harbour lighthouse", "The lighthouse", false],
  ["ai act, chips", "New chips", true],
  ["ai act, chips", "An act of kindness", false],
  ["ai", "Rain", false],
  ["Äpfel", "Rote äpfel", true],
])("%j and %j: %s", (topic, text, expected) => {
  expect(isAbout(topic, text)).toBe(expected);
});
