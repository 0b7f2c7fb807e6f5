import { createTokens } from "@sophia/core/approval/tokens";
import { createLedger } from "@sophia/core/ledger/ledger";
import { createAlertEvents } from "@sophia/core/store/alert-events";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { silentLog, startEngine, type StoreEngine, type StorePlace } from "@sophia/core/testing/store-engines";
import { createVirtualClock, type VirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBudgetWatch } from "./budget-watch.ts";
import { createKeyPolicies } from "./key-policies.ts";
import { budgetsOf } from "./policy-budgets.ts";
import { createPolicyRows } from "./policy-rows.ts";
import { policyMigrations, type PolicyTables } from "./policy-tables.ts";
import { everybody, noPolicy } from "./stored-policy.ts";

type Tables = CoreTables & PolicyTables;

const spent = { requestId: "r", server: "ai", service: "openrouter", unit: "tokens", quantity: 1 };

describe.each(["sqlite", "postgres"] as const)("key policies on %s", (name) => {
  let engine: StoreEngine | undefined;
  let place: StorePlace;
  let store: Store<Tables>;
  let clock: VirtualClock;
  beforeAll(async () => void (engine = await startEngine(name)));
  beforeEach(async (context) => {
    if (!engine) return context.skip();
    place = await engine.createPlace();
    store = await engine.open<Tables>(place, [policyMigrations]);
    clock = createVirtualClock();
  });
  afterEach(() => engine?.closeStores());
  afterAll(() => engine?.stop());

  test("hold at once in this process and after two seconds in others, and stay the same object while nothing changes", async () => {
    const options = { store, clock, log: silentLog, serverBudgets: { usdPerMonth: 1_000 } };
    const here = await createKeyPolicies(options);
    const there = await createKeyPolicies(options);
    const rows = createPolicyRows({ store, clock });
    const policy = { ...noPolicy, usdPerDay: 5, allowedModels: ["a"], requestsPerMinute: 60 };
    await rows.put({ caller: "tok_a", policy, version: 0 });
    await here.refresh();
    expect(here.of("tok_a")).toEqual({
      budgets: [
        { key: "of AI calls by tok_a per day", limitUsd: 5, windowMs: 86_400_000 },
        { key: "of all AI calls per month", limitUsd: 1_000, windowMs: 2_592_000_000 },
      ],
      allowedModels: ["a"],
      dataPolicy: "any",
      requestsPerMinute: 60,
    });
    const [first, other] = [here.of("tok_a"), here.of("tok_b")];
    await here.refresh();
    expect([here.of("tok_a") === first, here.of("tok_b") === other]).toEqual([true, true]);
    expect(other).toMatchObject({ allowedModels: [], budgets: [{ key: "of all AI calls per month" }] });
    expect(there.of("tok_a").allowedModels).toEqual([]);
    await clock.advance(2_000);
    await there.refresh();
    expect(there.of("tok_a").allowedModels).toEqual(["a"]);
    await rows.put({ caller: everybody, policy: { ...noPolicy, usdPerMonth: 10 }, version: 0 });
    await here.refresh();
    expect(here.of("tok_a").budgets.map(({ limitUsd }) => limitUsd)).toEqual([5, 1_000, 10]);
    await Promise.all([here.close(), there.close()]);
    expect(clock.sleeping).toBe(0);
  });

  test("a rotated key keeps its limits and what it has spent; a change reaches both, and other names are not concerned", async () => {
    const tokens = createTokens({ store, clock });
    const make = async (tokenName: string) => {
      await clock.advance(1_000);
      return (await tokens.create({ name: tokenName, server: "ai", scopes: ["read"] })).id;
    };
    const before = await make("bot");
    const other = await make("other");
    const rows = createPolicyRows({ store, clock });
    await rows.put({ caller: before, policy: { ...noPolicy, usdPerDay: 5 }, version: 0 });
    await tokens.revoke("bot");
    const after = await make("bot");
    const policies = await createKeyPolicies({ store, clock, log: silentLog, serverBudgets: {} });
    expect(policies.of(after)).toBe(policies.of(before));
    expect(policies.of(after).budgets).toMatchObject([{ limitUsd: 5 }]);
    expect(policies.of(other).budgets).toEqual([]);
    const inherited = await rows.get(after);
    await rows.put({ ...inherited, policy: { ...inherited.policy, usdPerDay: 3 } });
    await policies.refresh();
    expect([before, after].map((id) => policies.of(id).budgets[0]?.limitUsd)).toEqual([3, 3]);
    await policies.close();
  });

  test("two changes at once: one is refused", async () => {
    const rows = createPolicyRows({ store, clock });
    const change = { caller: "tok_a", policy: noPolicy, version: 0 };
    const both = await Promise.allSettled([rows.put(change), rows.put(change)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const { version } = await rows.get("tok_a");
    await rows.put({ ...change, version });
    await expect(rows.put({ ...change, version })).rejects.toMatchObject({ kind: "denied" });
    expect(await rows.list()).toEqual([{ caller: "tok_a", policy: noPolicy, version: 2 }]);
  });

  test("an alert at 50, 80 and 100 percent, once in a day or month, whoever looks", async () => {
    const alerts = createAlertEvents({ store });
    const ledger = createLedger({ store, clock });
    const named = [...budgetsOf("tok_a", { usdPerDay: 10 }), ...budgetsOf(everybody, { usdPerMonth: 0 })];
    const watch = () => createBudgetWatch({ store, budgets: () => named, alerts, clock, log: silentLog });
    const watches = [watch(), watch()];
    const budgets = named.slice(0, 1).map(({ budget }) => budget);
    const titles: string[][] = [];
    for (const costUsd of [5.5, 1, 2, 1.5]) {
      await ledger.reserve({ ...spent, caller: "tok_a", costUsd, budgets });
      for (const one of watches) await one.check();
      titles.push((await alerts.list({ kind: "budget" })).map(({ severity }) => severity).toSorted());
    }
    await Promise.all(watches.map((one) => one.close()));
    const all = await alerts.list({});
    expect(all.map(({ title }) => title).filter((title) => title.includes("tok_a"))).toHaveLength(3);
    expect(all.map(({ severity }) => severity).toSorted()).toEqual(["critical", "critical", "info", "warning"]);
    expect(titles[0]).toEqual(["critical", "info"]);
    expect(await watches[0]?.states()).toMatchObject([
      { caller: "tok_a", window: "day", spentUsd: 10, share: 1, warning: 100 },
      { caller: "*", window: "month", limitUsd: 0, share: 1, warning: 100 },
    ]);
  });
});
