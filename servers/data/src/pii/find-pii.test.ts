import { createRandom } from "@sophia/core/statistics/seeded-random";
import fc from "fast-check";
import { expect, test } from "vitest";
import { findPii } from "./find-pii.ts";
import { makePiiSentences } from "./testing/make-pii-sentences.ts";
import { scorePii } from "./testing/score-pii.ts";

function found(text: string): string[] {
  return findPii(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
}

test.each([
  ["Mail jo.bloggs+news@example.co.uk.", ["email jo.bloggs+news@example.co.uk"]],
  ["jo (at) example (dot) org", ["email jo (at) example (dot) org"]],
  ["<a@müller.de>, b@example.com", ["email a@müller.de", "email b@example.com"]],
  ["Pay GB82 WEST 1234 5698 7654 32 now", ["iban GB82 WEST 1234 5698 7654 32"]],
  ["de89370400440532013000", ["iban de89370400440532013000"]],
  ["Card 4111-1111-1111-1111, ok", ["card 4111-1111-1111-1111"]],
  ["Amex 3782 822463 10005", ["card 3782 822463 10005"]],
  ["SSN: 536-22-1234", ["ssn 536-22-1234"]],
  ["social security 536 22 1234", ["ssn 536 22 1234"]],
  ["from 10.1.2.3:8080 and 2001:db8::7334", ["ip 10.1.2.3", "ip 2001:db8::7334"]],
  ["Call +44 (0)20 7946 0958 or (212) 555-0187 x12", ["phone +44 (0)20 7946 0958", "phone (212) 555-0187 x12"]],
  ["Tel. 12 34 56 78", ["phone 12 34 56 78"]],
  ["Order 12345. Call 5551234567", ["phone 5551234567"]],
])("finds %s", (text, expected) => {
  expect(found(text)).toEqual(expected);
});

test.each([
  "logo@2x.png and git@example.com:team/site.git and @scope/name@1.2.3",
  "GB82 WEST 1234 5698 7654 33",
  "4111 1111 1111 1112 and 0000 0000 0000 0000 and 1234567890123456",
  "000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000",
  "Part number 536-22-1234",
  "version 10.1.2.3, section 3.4.1.2, at 10:30:45",
  "https://example.com/2024/030-1234567/story",
  "12.11.2024, 2024-11-12, 2019-2023, 1 250 000 people",
  "Order 5551234567 was sent, ISBN 978-3-16-148410-0",
  "52.520008, 13.404954",
])("finds nothing in %s", (text) => {
  expect(found(text)).toEqual([]);
});

test("reaches the promised F1 on generated sentences with hard negatives", () => {
  const sentences = makePiiSentences(3_000, createRandom(7));
  const scores = scorePii(
    sentences,
    sentences.map(({ text }) => findPii(text)),
  );
  for (const kind of ["email", "ssn", "card", "iban"] as const) expect(scores[kind].f1).toBeGreaterThanOrEqual(0.97);
  expect(scores.phone.f1).toBeGreaterThanOrEqual(0.8);
  expect(scores.ip.f1).toBeGreaterThanOrEqual(0.8);
});

test("finds lie inside the text, in order and apart, whatever the text", () => {
  const unit = fc.constantFrom(..."0123456789 .-+()/:@axAE\n€".split(""), "tel ", "DE89", "call ", "::", "@b.de");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 200 }), (text) => {
      let last = 0;
      for (const { start, end } of findPii(text)) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        last = end;
      }
      expect(last).toBeLessThanOrEqual(text.length);
    }),
  );
});

test.each(["1 ", "1", "a.", "a@", "+1(", "0 0-", "a@b.", "DE89 ", "(at)", "http://", "1:", "tel "])(
  "does not slow down on a long row of %j",
  (piece) => {
    const startedAt = process.cpuUsage();
    findPii(`call ${piece.repeat(100_000 / piece.length)}`);
    const { user, system } = process.cpuUsage(startedAt);
    // Some hundred times what it takes; a pattern that backtracks would take minutes.
    expect((user + system) / 1000).toBeLessThan(10_000);
  },
);
