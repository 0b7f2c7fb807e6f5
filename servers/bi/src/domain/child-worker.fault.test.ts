import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { quiet } from "../testing/bi-services.ts";
import { createSmallWarehouse, type SmallWarehouse } from "../testing/small-warehouse.ts";
import { ChildWorker } from "./child-worker.ts";
import type { QueryAnswer } from "./engine.ts";

// Processes start here, and the machine may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let warehouse: SmallWarehouse;
let worker: ChildWorker;

beforeAll(async () => {
  warehouse = await createSmallWarehouse();
  worker = new ChildWorker({ entry: new URL("./engine-child.ts", import.meta.url), maxRssBytes: 1e9, log: quiet });
});
afterAll(async () => {
  worker.close();
  await warehouse.remove();
});

async function ask(sql: string): Promise<QueryAnswer> {
  const { snapshot, options } = warehouse;
  const call = { snapshot, options, sql, limits: { maxRows: 10, maxBytes: 10_000 } };
  return await worker.call<QueryAnswer>("query", call, { timeoutMs: 20_000 });
}

test("an engine killed in the middle of a query gives a typed error, and the next query a new engine", async () => {
  expect((await ask("SELECT count(*) FROM sales")).rows).toEqual([[3_000]]);
  const before = worker.pid;
  const running = ask("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3");
  await Promise.all([
    expect(running).rejects.toMatchObject({
      kind: "internal",
      message: "The engine process ended while it worked on this.",
    }),
    delay(300).then(() => process.kill(before ?? 0, "SIGKILL")),
  ]);
  expect((await ask("SELECT count(*) FROM sales")).rows).toEqual([[3_000]]);
  expect(worker.pid).not.toBe(before);
});

test("an engine killed between queries is not noticed", async () => {
  process.kill(worker.pid ?? 0, "SIGKILL");
  await delay(200);
  expect((await ask("SELECT 1")).rows).toEqual([[1]]);
});

test.runIf(process.platform === "linux")(
  "nothing of our environment is in the process that runs user SQL",
  async () => {
    await ask("SELECT 1");
    const names = (await readFile(`/proc/${worker.pid}/environ`, "utf8"))
      .split("\0")
      .map((entry) => entry.split("=")[0]);
    expect(process.env["PATH"]).toBeTruthy();
    expect(names).toContain("TZ");
    expect(names.filter((name) => name !== "" && name !== "TZ" && !name?.startsWith("NODE_CHANNEL"))).toEqual([]);
  },
);

test("a closed worker answers at once that it is closed", async () => {
  const closed = new ChildWorker({
    entry: new URL("./engine-child.ts", import.meta.url),
    maxRssBytes: 1e9,
    log: quiet,
  });
  closed.close();
  await expect(closed.call("open", {}, { timeoutMs: 1_000 })).rejects.toMatchObject({ kind: "unavailable" });
});
