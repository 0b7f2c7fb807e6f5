import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createFolderWatch } from "./folder-watch.ts";
import type { Imports } from "./imports.ts";

/** A folder whose files are imported, but those called broken; `undefined` is a folder that cannot be read. */
function setUp(first: readonly string[]) {
  const clock = createVirtualClock();
  const imported = new Set<string>();
  const state: { names: readonly string[] | undefined; runs: number } = { names: first, runs: 0 };
  const imports: Pick<Imports, "preview" | "run"> = {
    async preview() {
      if (!state.names) throw new Error("gone");
      const files = state.names.map((source) => {
        const isKnown: "unchanged" | "new" = imported.has(source) ? "unchanged" : "new";
        return { source, bytes: 1, modifiedAt: 1, table: source, state: isKnown };
      });
      return { root: "/files", skipped: [], files };
    },
    async run() {
      state.runs++;
      const outcomes = (state.names ?? []).map((source) => {
        const result: "failed" | "imported" = source.startsWith("broken") ? "failed" : "imported";
        if (result === "imported") imported.add(source);
        return { source, result };
      });
      return { id: "1", folder: "/files", state: "done", startedAt: 0, finishedAt: 0, filesTotal: 1, outcomes };
    },
  };
  const log = pino({ level: "silent" });
  const watch = createFolderWatch({ folder: "/files", imports: imports as Imports, clock, log });
  async function refresh(names: readonly string[] | undefined) {
    state.names = names;
    await clock.advance(2_000);
    return await watch.refresh();
  }
  return { state, watch, refresh };
}

test("files that cannot be imported are told as long as they lie there, and are tried once", async () => {
  const { state, watch, refresh } = setUp(["a", "broken1"]);
  const one = ["1 file of the import folder could not be imported: list_imports says why."];
  expect(await watch.refresh()).toEqual({ stale: [], missing: one });
  expect(await refresh(["a", "broken1"])).toEqual({ stale: [], missing: one });
  expect(state.runs).toBe(1);
  expect(await refresh(["a", "broken1", "b"])).toEqual({ stale: [], missing: one });
  expect((await refresh(["a", "broken1", "broken2"])).missing).toEqual([expect.stringMatching(/^2 files /)]);
  expect(await refresh(["a"])).toEqual({ stale: [], missing: [] });
});

test("a folder that cannot be read is told until it can be", async () => {
  const { watch, refresh } = setUp(["a"]);
  await watch.refresh();
  expect((await refresh(undefined)).stale).toEqual([expect.stringContaining("cannot be read")]);
  expect(await refresh(["a"])).toEqual({ stale: [], missing: [] });
});
