import { expect, test } from "vitest";
import { type EventSink, EventSplitter } from "./event-splitter.ts";

/** What the sink was told, in order. */
function split(chunks: readonly (string | Buffer)[], then: "end" | "nothing" = "end") {
  const told: string[] = [];
  const raws: (Buffer | undefined)[] = [];
  const ends: string[] = [];
  const sink: EventSink = {
    events(events, raw) {
      told.push(...events.map(({ chunk }) => chunk.choices[0]?.delta?.content ?? "no text"));
      raws.push(raw);
      return true;
    },
    end: () => void told.push("end"),
    fail: (error) => void told.push(error instanceof Error ? error.message : "failed"),
  };
  const source = { finish: () => void ends.push("finish"), cancel: () => void ends.push("cancel") };
  const splitter = new EventSplitter({ service: "openrouter", explain: undefined, sink, source });
  for (const chunk of chunks) splitter.data(Buffer.from(chunk));
  if (then === "end") splitter.end();
  return { told, raws, ends, splitter };
}

const event = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;
const fault = `data: ${JSON.stringify({ error: { message: "overloaded", code: 503 } })}\n\n`;
const done = "data: [DONE]\n\n";

test("events that came with an error are told before it, and no end follows", () => {
  const { told, ends } = split([event("one") + event("two") + fault + event("three"), done]);
  expect(ends).toEqual(["cancel"]);
  expect(told.slice(0, 2)).toEqual(["one", "two"]);
  expect(told).toHaveLength(3);
  expect(told[2]).toContain("openrouter");
});

test.each([
  ["an error", fault],
  ["what is no JSON", "data: {\n\n"],
  ["what is no chunk", 'data: {"choices":[1]}\n\n'],
])("after %s nothing is told any more, whatever comes", (_name, bad) => {
  const { told, splitter } = split([event("one"), bad + done, event("two", "stop")]);
  splitter.fail(new Error("reset"));
  splitter.end();
  expect(told).toHaveLength(2);
  expect(told).not.toContain("end");
});

test("bytes that hold whole events and nothing else are passed on as they are", () => {
  const whole = Buffer.from(event("one") + event("zwei: ä"));
  const { raws, told } = split([
    whole,
    event("th").slice(0, 20),
    event("th").slice(20),
    `: comment\n\n${event("four")}`,
  ]);
  expect(raws[0]?.equals(whole)).toBe(true);
  expect(raws.slice(1)).toEqual([undefined, undefined]);
  expect(told.slice(0, 4)).toEqual(["one", "zwei: ä", "th", "four"]);
});

test("[DONE] is not passed on with the events that came with it", () => {
  const { raws, told } = split([event("one") + event("zwei: ü", "stop") + done]);
  expect(raws.map(String)).toEqual([event("one") + event("zwei: ü", "stop")]);
  expect(told).toEqual(["one", "zwei: ü", "end"]);
  expect(split([`${event("one", "stop")}data:[DONE]\n\n`]).raws).toEqual([undefined]);
  expect(split([`${event("one", "stop") + done}: more\n\n`]).raws).toEqual([undefined]);
});

test("a stream is whole after [DONE] or a finish reason, and cut without", () => {
  const whole = split([event("one"), done]);
  expect([whole.told, whole.ends]).toEqual([["one", "end"], ["finish"]]);
  expect(split([event("one", "stop")]).told).toEqual(["one", "end"]);
  const { told } = split([event("one")]);
  expect(told).toHaveLength(2);
  expect(told[1]).toContain("middle of the answer");
});

test("whatever the cuts, the events are the same", () => {
  const text = Buffer.from(event("eins") + event("zwei ü") + event("drei", "stop") + done);
  for (let cut = 1; cut < text.length; cut += 1) {
    expect(split([text.subarray(0, cut), text.subarray(cut)]).told).toEqual(["eins", "zwei ü", "drei", "end"]);
  }
});

test("one event without an end is not gathered for ever", () => {
  const { told } = split([event("one"), `data: ${"x".repeat(3 * 1024 * 1024)}`], "nothing");
  expect(told).toHaveLength(2);
  expect(told[1]).toContain("too large");
});
