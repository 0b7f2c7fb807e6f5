import { expect, test } from "vitest";
import { createSingleFlight } from "./single-flight.ts";

const open = () => new AbortController().signal;

test("fault 60: a thousand equal calls do the work once", async () => {
  const flight = createSingleFlight<number>();
  let runs = 0;
  const work = async () => {
    runs += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 42;
  };
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => flight.run("key", open(), work)));
  expect(runs).toBe(1);
  expect(answers.filter((answer) => !answer.shared)).toHaveLength(1);
  expect(new Set(answers.map((answer) => answer.value))).toEqual(new Set([42]));
  expect(flight.size).toBe(0);
});

test("who comes while the result is being stored still joins", async () => {
  const flight = createSingleFlight<number>();
  const stored = Promise.withResolvers<void>();
  const first = await flight.run(
    "key",
    open(),
    async () => 1,
    () => stored.promise,
  );
  const second = await flight.run("key", open(), async () => 2);
  expect([first, second]).toEqual([
    { value: 1, shared: false },
    { value: 1, shared: true },
  ]);
  stored.resolve();
  await expect.poll(() => flight.size).toBe(0);
  expect((await flight.run("key", open(), async () => 3)).value).toBe(3);
});

test("a failure reaches all and is not kept", async () => {
  const flight = createSingleFlight<number>();
  const failing = () => Promise.reject(new Error("no"));
  const outcomes = await Promise.allSettled([1, 2].map(() => flight.run("key", open(), failing)));
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  expect((await flight.run("key", open(), async () => 1)).shared).toBe(false);
});

test("one who leaves does not disturb the rest; the last one out ends the work", async () => {
  const flight = createSingleFlight<string>();
  let ended: unknown;
  const work = (signal: AbortSignal) =>
    new Promise<string>((_, reject) => {
      signal.addEventListener("abort", () => {
        ended = signal.reason;
        reject(new Error("aborted"));
      });
    });
  const [first, second] = [new AbortController(), new AbortController()];
  const calls = [first, second].map((controller) => flight.run("key", controller.signal, work));
  const outcomes = Promise.allSettled(calls);
  first.abort(new Error("first gone"));
  await expect(calls[0]).rejects.toThrow("first gone");
  expect(ended).toBeUndefined();
  second.abort(new Error("second gone"));
  await outcomes;
  expect(String(ended)).toContain("second gone");
  expect(flight.size).toBe(0);
});
