import { createRandom } from "@sophia/core/statistics/seeded-random";
import { expect, test } from "vitest";
import { findPii } from "./find-pii.ts";
import { redactPii } from "./redact-pii.ts";
import { makePiiSentences } from "./testing/make-pii-sentences.ts";

test("one value has one number, however it is spelled", () => {
  expect(redactPii("jo@example.com, ann@example.com, JO@example.com; tel +49 30 1234567 = +49-30-1234567")).toBe(
    "[email 1], [email 2], [email 1]; tel [phone 1] = [phone 1]",
  );
});

test("a text without particulars is the very same string", () => {
  expect(redactPii("Order 12345 came on 12.11.2024.")).toBe("Order 12345 came on 12.11.2024.");
});

test("nothing that was found is left, nothing else is changed, and a second pass changes nothing", () => {
  for (const { text } of makePiiSentences(1_500, createRandom(11))) {
    const redacted = redactPii(text);
    const spans = findPii(text);
    let rest = redacted;
    let at = 0;
    for (const { kind, start, end } of spans) {
      expect(rest.startsWith(`${text.slice(at, start)}[${kind} `)).toBe(true);
      rest = rest.slice(rest.indexOf("]", start - at) + 1);
      at = end;
    }
    expect(rest).toBe(text.slice(at));
    expect(redactPii(redacted)).toBe(redacted);
  }
});
