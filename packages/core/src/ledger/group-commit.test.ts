import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStoreAt } from "../testing/store-engines.ts";
import { createLedger } from "./ledger.ts";

const request = (requestId: string) => ({
  requestId,
  server: "ai",
  service: "s",
  caller: "c",
  unit: "token",
  quantity: 1,
  costUsd: 0.1,
  budgets: [{ key: "k", limitUsd: 2, windowMs: 60_000 }],
});

test("many callers share transactions, and one broken or refused write harms no other", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-ledger-"));
  const store = await openStoreAt({ dataDir });
  let transactions = 0;
  const ledger = createLedger({
    store: { ...store, transaction: (work) => ((transactions += 1), store.transaction(work)) },
  });
  // The first runs alone; the other 20 arrive while it commits and share the next transaction.
  const good = Array.from({ length: 21 }, (_, index) => ledger.reserve(request(`${index}`)));
  const reserved = await Promise.allSettled(good);
  expect(reserved.filter((result) => result.status === "fulfilled")).toHaveLength(20);
  expect(reserved.at(-1)).toMatchObject({ status: "rejected", reason: { name: "AppError", kind: "budget_exceeded" } });
  expect(transactions).toBe(2);

  const first = reserved[0]?.status === "fulfilled" ? reserved[0].value : { id: "" };
  const [, broken, settled, missing] = await Promise.allSettled([
    ledger.release({ id: "none" }),
    ledger.record({ ...request("a\0b"), kind: "actual" }),
    ledger.settle(first, { quantity: 1, costUsd: 0.1, kind: "actual" }),
    ledger.settle({ id: "none" }, { quantity: 1, costUsd: 0.1, kind: "actual" }),
  ]);
  expect(broken).toMatchObject({ status: "rejected", reason: { kind: "invalid_input" } });
  expect(settled).toMatchObject({ status: "fulfilled" });
  expect(missing).toMatchObject({ status: "rejected", reason: { kind: "not_found" } });
  expect(await ledger.totals({})).toMatchObject([{ entries: 1, costUsd: 0.1 }]);
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});
