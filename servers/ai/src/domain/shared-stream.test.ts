import { expect, test } from "vitest";
import { SharedStream, type StreamReader } from "./shared-stream.ts";

const open = () => new AbortController().signal;

/** A source that notes how far it was read and how it ended. */
function createSource(count: number, size = 10) {
  const state = { pulled: 0, ended: false, abandoned: 0 };
  async function* events(): AsyncGenerator<string, void, undefined> {
    try {
      for (let index = 0; index < count; index += 1) {
        state.pulled += 1;
        yield `${index}`.padEnd(size, ".");
      }
    } finally {
      state.ended = true;
    }
  }
  const source = events();
  const abandon = () => {
    state.abandoned += 1;
  };
  return { state, stream: new SharedStream({ source, first: [], abandon }) };
}

async function readAll(reader: StreamReader | undefined): Promise<string[]> {
  const events: string[] = [];
  for (let event = await reader?.next(); event !== undefined; event = await reader?.next()) events.push(event);
  reader?.leave();
  return events;
}

test("the source is read only as fast as the fastest reader", async () => {
  const { state, stream } = createSource(100);
  const reader = stream.join(open());
  await reader?.next();
  await reader?.next();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(state.pulled).toBe(2);
  reader?.leave();
  await stream.finished;
});

test("all readers get all events in order, also one who comes late", async () => {
  const { state, stream } = createSource(50);
  const first = stream.join(open());
  for (let index = 0; index < 20; index += 1) await first?.next();
  const [rest, late] = await Promise.all([readAll(first), readAll(stream.join(open()))]);
  expect(rest).toHaveLength(30);
  expect(late.map((event) => Number.parseInt(event, 10))).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(state).toEqual({ pulled: 50, ended: true, abandoned: 0 });
});

test("when the last reader leaves, the source is ended; nobody can join any more", async () => {
  const { state, stream } = createSource(50);
  const readers = [stream.join(open()), stream.join(open())];
  await readers[0]?.next();
  readers[0]?.leave();
  expect(state.abandoned).toBe(0);
  readers[1]?.leave();
  readers[1]?.leave();
  await stream.finished;
  expect(state).toMatchObject({ abandoned: 1, ended: true });
  expect(stream.join(open())).toBeUndefined();
});

test("a failure reaches every reader after the events before it", async () => {
  async function* failing(): AsyncGenerator<string, void, undefined> {
    yield "one";
    throw new Error("cut");
  }
  const stream = new SharedStream({ source: failing(), first: [], abandon: () => {} });
  const readers = [stream.join(open()), stream.join(open())];
  for (const reader of readers) {
    expect(await reader?.next()).toBe("one");
    await expect(reader?.next()).rejects.toThrow("cut");
  }
});

test("a reader whose signal aborts stops waiting; the other goes on", async () => {
  const gate = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<string, void, undefined> {
    await gate.promise;
    yield "late";
  }
  const stream = new SharedStream({ source: slow(), first: [], abandon: () => {} });
  const controller = new AbortController();
  const [leaver, stayer] = [stream.join(controller.signal), stream.join(open())];
  const waiting = leaver?.next();
  const other = stayer?.next();
  controller.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  leaver?.leave();
  gate.resolve();
  expect(await other).toBe("late");
});

test("what all have read is let go, and the fastest waits for the slowest when it is far ahead", async () => {
  const size = 64 * 1024;
  const { state, stream } = createSource(400, size);
  const [fast, slow] = [stream.join(open()), stream.join(open())];
  const reading = readAll(fast);
  await expect.poll(() => state.pulled).toBeGreaterThan(60);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(state.pulled * size).toBeLessThan(4.2 * 1024 * 1024);
  expect(await readAll(slow)).toHaveLength(400);
  expect(await reading).toHaveLength(400);
  expect(stream.join(open())).toBeUndefined();
});
