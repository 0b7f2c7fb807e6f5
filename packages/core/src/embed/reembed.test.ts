import { expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import type { Embedder } from "./embedder.ts";
import { type ReembedPort, startReembedding } from "./reembed.ts";

/** 100 rows of the model "old"; embedding one costs a second. */
function createWorld() {
  const clock = createVirtualClock();
  const rows = Array.from({ length: 100 }, (_, index) => ({
    id: `r${String(index).padStart(3, "0")}`,
    text: `text ${index}`,
    models: ["old"],
  }));
  const state = { model: "new", failing: [] as Error[], batches: [] as number[] };
  const port: ReembedPort = {
    async findOutdated(modelId, { after = "", limit }) {
      return rows.filter(({ id, models }) => id > after && !models.includes(modelId)).slice(0, limit);
    },
    async keep(kept, modelId) {
      for (const { id } of kept) rows.find((row) => row.id === id)?.models.push(modelId);
    },
  };
  const embedder: Embedder = {
    async embed(texts, { signal }) {
      const failure = state.failing.shift();
      if (failure) throw failure;
      if (texts.includes("poison")) throw new AppError("internal", "refused");
      state.batches.push(texts.length);
      await clock.sleep(texts.length * 1000, signal);
      return { vectors: texts.map(() => Float32Array.of(1)), modelId: state.model, dimension: 1 };
    },
    status: () => ({ modelId: state.model, dimension: 1, state: "ready" }),
    close: async () => {},
  };
  const countOf = (model: string) => rows.filter(({ models }) => models.includes(model)).length;
  return { clock, rows, state, port, embedder, countOf };
}

test("brings every row over, at its share of the time", async () => {
  const world = createWorld();
  const pass = startReembedding({ ...world, batchSize: 30, share: 0.25 });
  await world.clock.advance(120_000);
  expect(world.state.batches).toEqual([30, 30]);
  expect(pass.progress()).toEqual({ embedded: 30, skipped: 0 });
  await world.clock.advance(400_000);
  expect(await pass.done).toEqual({ embedded: 100, skipped: 0, ended: "done" });
  expect([world.countOf("new"), world.countOf("old"), world.clock.sleeping]).toEqual([100, 100, 0]);
});

test("stops at once, and another pass goes on where it stopped", async () => {
  const world = createWorld();
  const pass = startReembedding({ ...world, batchSize: 20 });
  await world.clock.advance(90_000);
  expect(await pass.stop()).toEqual({ embedded: 20, skipped: 0, ended: "stopped" });
  const next = startReembedding({ ...world, batchSize: 20, share: 1 });
  await world.clock.advance(80_000);
  expect(await next.done).toEqual({ embedded: 80, skipped: 0, ended: "done" });
});

test("waits out failures, and gives up after six in a row", async () => {
  const world = createWorld();
  const down = new AppError("unavailable", "down");
  world.state.failing = Array(5).fill(down);
  const pass = startReembedding({ ...world, share: 1 });
  await world.clock.advance(300_000);
  expect(await pass.done).toMatchObject({ embedded: 100, ended: "done" });
  const shaky = createWorld();
  shaky.state.failing = [...Array<Error>(5).fill(down)];
  const recovered = startReembedding({ ...shaky, share: 1 });
  await shaky.clock.advance(170_000);
  shaky.state.failing = [...Array<Error>(3).fill(down)];
  await shaky.clock.advance(300_000);
  expect(await recovered.done).toMatchObject({ embedded: 100, ended: "done" });
  const other = createWorld();
  other.state.failing = Array(6).fill(down);
  const failed = startReembedding(other);
  await other.clock.advance(300_000);
  expect(await failed.done).toMatchObject({ embedded: 0, ended: "failed" });
});

test("passes over a text that the model refuses", async () => {
  const world = createWorld();
  for (const index of [3, 4, 99]) Object.assign(world.rows[index] ?? {}, { text: "poison" });
  const pass = startReembedding({ ...world, share: 1 });
  await world.clock.advance(300_000);
  expect(await pass.done).toEqual({ embedded: 97, skipped: 3, ended: "done" });
});

test("starts over when the model changes under it", async () => {
  const world = createWorld();
  const pass = startReembedding({ ...world, batchSize: 50, share: 1 });
  await world.clock.advance(60_000);
  world.state.model = "newest";
  await world.clock.advance(300_000);
  expect(await pass.done).toEqual({ embedded: 150, skipped: 0, ended: "done" });
  expect(world.countOf("newest")).toBe(100);
});
