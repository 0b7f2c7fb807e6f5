import { describe, expect, test } from "vitest";
import { type PieceReader, SharedStream } from "./shared-stream.ts";

/** A source that stops pushing when told so, and notes what became of it. */
function createSource() {
  const state = { resumed: 0, abandoned: 0 };
  const stream = new SharedStream({ resume: () => (state.resumed += 1), abandon: () => (state.abandoned += 1) });
  return { state, stream };
}

/** Takes `room` pieces, then says that it is full. */
function createReader(room = Infinity) {
  const seen: string[] = [];
  const state: { seen: string[]; ended: boolean; failed: unknown; room: number } = {
    seen,
    ended: false,
    failed: undefined,
    room,
  };
  const reader: PieceReader = {
    write(piece) {
      seen.push(piece.toString().replace(/\.+$/, ""));
      state.room -= 1;
      return state.room > 0;
    },
    end: () => (state.ended = true),
    fail: (error) => (state.failed = error),
  };
  return { state, reader };
}

const piece = (index: number, size = 10) => Buffer.from(`${index}`.padEnd(size, "."));

test("all readers get all pieces in order, also one who comes late or after the end", () => {
  const { stream } = createSource();
  const [first, late, last] = [createReader(), createReader(), createReader()];
  stream.join(first.reader);
  for (let index = 0; index < 20; index += 1) stream.push(piece(index));
  stream.join(late.reader);
  for (let index = 20; index < 50; index += 1) stream.push(piece(index));
  stream.end();
  stream.join(last.reader);
  const all = Array.from({ length: 50 }, (_, index) => `${index}`);
  for (const { state } of [first, late, last]) expect(state).toMatchObject({ seen: all, ended: true });
});

test("the source is held up while no reader has room, and let go when one has", () => {
  const { state, stream } = createSource();
  const reader = createReader(2);
  const place = stream.join(reader.reader);
  expect(stream.push(piece(0))).toBe(true);
  expect(stream.push(piece(1))).toBe(false);
  expect(stream.push(piece(2))).toBe(false);
  expect(reader.state.seen).toEqual(["0", "1"]);
  reader.state.room = 10;
  const before = state.resumed;
  place?.resume();
  expect(state.resumed).toBe(before + 1);
  expect(reader.state.seen).toEqual(["0", "1", "2"]);
});

test("when the last reader leaves, the source is given up; nobody can join any more", () => {
  const { state, stream } = createSource();
  const [one, other] = [createReader(), createReader()];
  const places = [stream.join(one.reader), stream.join(other.reader)];
  places[0]?.leave();
  expect(state.abandoned).toBe(0);
  stream.push(piece(0));
  expect(one.state.seen).toEqual([]);
  places[1]?.leave();
  places[1]?.leave();
  expect(state.abandoned).toBe(1);
  expect(stream.join(createReader().reader)).toBeUndefined();
});

test("after its end a stream is left, not given up", () => {
  const { state, stream } = createSource();
  const place = stream.join(createReader().reader);
  stream.end();
  place?.leave();
  expect(state.abandoned).toBe(0);
});

test("a failure reaches every reader after the pieces before it, also one who was full", () => {
  const { stream } = createSource();
  const [fast, slow] = [createReader(), createReader(1)];
  stream.join(fast.reader);
  const place = stream.join(slow.reader);
  stream.push(piece(0));
  stream.push(piece(1));
  stream.fail(new Error("cut"));
  expect(fast.state).toMatchObject({ seen: ["0", "1"], failed: new Error("cut"), ended: false });
  expect(slow.state).toMatchObject({ seen: ["0"], failed: undefined });
  slow.state.room = 10;
  place?.resume();
  expect(slow.state).toMatchObject({ seen: ["0", "1"], failed: new Error("cut") });
});

describe("memory", () => {
  const size = 64 * 1024;

  test("before the first reader comes, one megabyte is taken", () => {
    const { stream } = createSource();
    let pushed = 0;
    while (stream.push(piece(pushed, size))) pushed += 1;
    expect(pushed * size).toBeLessThanOrEqual(1024 * 1024);
  });

  test("the fastest waits for the slowest when it is far ahead, and what all have read is let go", () => {
    const { state, stream } = createSource();
    const [fast, slow] = [createReader(), createReader(1)];
    stream.join(fast.reader);
    const place = stream.join(slow.reader);
    let pushed = 0;
    while (stream.push(piece(pushed, size))) pushed += 1;
    expect(pushed * size).toBeGreaterThan(3 * 1024 * 1024);
    expect(pushed * size).toBeLessThan(4.2 * 1024 * 1024);
    slow.state.room = Infinity;
    const before = state.resumed;
    place?.resume();
    expect(state.resumed).toBe(before + 1);
    expect(slow.state.seen).toHaveLength(pushed + 1);
    expect(stream.join(createReader().reader)).toBeUndefined();
  });
});
