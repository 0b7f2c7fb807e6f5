import { expect, test } from "vitest";
import { createTemplateBook } from "./cache-templates.ts";

const intro = "Translate the following text into French:";
const ask = (index: number): string => `${intro}\nsentence number ${index}\nKeep the tone of the original.`;

test("after five different requests their common lines are the template, and what differs is the text", () => {
  const book = createTemplateBook();
  const texts = Array.from({ length: 6 }, (_, index) => book.split("frame", ask(index)));
  expect(texts[3]).toEqual({ text: ask(3), template: "" });
  expect(texts[5]).toEqual({
    text: "sentence number 5",
    template: JSON.stringify([[intro], ["Keep the tone of the original."]]),
  });
});

test("the same request again and again teaches nothing, nor do frames learn from each other", () => {
  const book = createTemplateBook();
  for (let round = 0; round < 20; round += 1) {
    expect(book.split("frame", ask(1)).template).toBe("");
    expect(book.split(`frame ${round}`, ask(round)).template).toBe("");
  }
});

test("system prompts that differ each time fill nothing, and a frame in use keeps what it has learned", () => {
  const book = createTemplateBook({ mostLines: 1_000 });
  for (let index = 0; index < 5; index += 1) book.split("in use", ask(index));
  for (let index = 0; index < 5_000; index += 1) {
    book.split(`dynamic ${index}`, ask(index));
    if (index % 10 === 0) expect(book.split("in use", ask(index)).template).not.toBe("");
    expect(book.size).toBeLessThanOrEqual(1_000);
  }
});
