import { expect, test } from "vitest";
import { createSingleFlight } from "./single-flight.ts";

test("fault 60: a thousand equal calls at once become one, and all are answered", async () => {
  const flights = createSingleFlight<string>();
  let calls = 0;
  async function work(): Promise<string> {
    calls++;
    await new Promise(setImmediate);
    return "page";
  }
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => flights.run("key", work)));
  expect(new Set(answers)).toEqual(new Set(["page"]));
  expect(calls).toBe(1);
  expect(flights.inFlight).toBe(0);
});

test("a failure reaches all who wait and nobody after them", async () => {
  const flights = createSingleFlight<string>();
  const failing = [1, 2].map(() => flights.run("key", () => Promise.reject(new Error("down"))));
  for (const flight of failing) await expect(flight).rejects.toThrow("down");
  expect(await flights.run("key", () => Promise.resolve("up"))).toBe("up");
});

test("who gives up leaves alone; the last one to leave aborts the work", async () => {
  const flights = createSingleFlight<string>();
  const [first, second] = [new AbortController(), new AbortController()];
  let isAborted = false;
  function work(signal: AbortSignal): Promise<string> {
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        isAborted = true;
        reject(new Error("aborted"));
      });
    });
  }
  const waiting = [flights.run("key", work, first.signal), flights.run("key", work, second.signal)];
  first.abort(new Error("first left"));
  await expect(waiting[0]).rejects.toThrow("first left");
  expect(isAborted).toBe(false);
  second.abort(new Error("second left"));
  await expect(waiting[1]).rejects.toThrow("second left");
  expect(isAborted).toBe(true);
  expect(flights.inFlight).toBe(0);
});
