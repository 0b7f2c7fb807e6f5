import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller, Scope } from "./caller.ts";
import type { ChangePlan } from "./change-plan.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";
import { startScript } from "../testing/child-script.ts";
import { startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createPlans, type PlanRow, type Plans } from "./plans.ts";

const holder = (id: string, ...scopes: Scope[]): Caller => ({ id, name: id, scopes });
const agent = holder("tok_agent", "read", "write");
const stranger = holder("tok_stranger", "read", "write");
const approver = holder("tok_approver", "read", "approve");
const arguments_ = { container: "web", force: false };

const change = (more: Partial<ChangePlan> = {}): ChangePlan => ({
  summary: "Restart web.",
  changes: [{ action: "restart", resource: "container web" }],
  blastRadius: "web is away for 5 s",
  risk: "medium",
  costPerHourUsd: 0,
  stateVersion: "v1",
  ...more,
});

interface Setting {
  plans: Plans;
  clock: VirtualClock;
  store: Store<CoreTables>;
  place: StorePlace;
  key: Buffer;
  propose(more?: Partial<ChangePlan>): Promise<PlanRow>;
}

describe.each<Engine>(["sqlite", "postgres"])("plans on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  const withPlans =
    (work: (setting: Setting) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!engines, `no ${engine} on this machine`);
      if (!engines) return;
      const place = await engines.createPlace();
      const store = await engines.open(place);
      const clock = createVirtualClock();
      const key = randomBytes(32);
      const plans = createPlans({ store, clock, key });
      const propose = (more: Partial<ChangePlan> = {}) =>
        plans.propose({
          server: "infra",
          tool: "plan_change",
          caller: agent,
          arguments: arguments_,
          plan: change(more),
        });
      await work({ plans, clock, store, place, key, propose });
    };

  const current = (more: Partial<ChangePlan> = {}) => ({ arguments: arguments_, plan: change(more) });

  test(
    "goes from proposed over approved to applied, once",
    withPlans(async ({ plans, propose }) => {
      const { id } = await propose();
      expect(id).toMatch(/^pl_[\w-]{38}$/);
      await expect(plans.begin(id, agent, current())).rejects.toMatchObject({ kind: "approval_required" });
      expect(await plans.approve(id, approver)).toMatchObject({ state: "approved", approved_by: "tok_approver" });
      expect(await plans.begin(id, agent, current())).toMatchObject({ id, state: "applying" });
      await plans.finish(id, "applied", "ok");
      expect(await plans.get(id)).toMatchObject({ state: "applied", outcome: "ok" });
      await expect(plans.begin(id, agent, current())).rejects.toMatchObject({ kind: "denied" });
      await expect(plans.approve(id, approver)).rejects.toMatchObject({ kind: "denied" });
      await expect(plans.finish(id, "failed")).rejects.toMatchObject({ kind: "internal" });
    }),
  );

  test(
    "lets the caller apply a plan of low risk without approval, and nobody else",
    withPlans(async ({ plans, propose }) => {
      const { id } = await propose({ risk: "low" });
      await expect(plans.begin(id, stranger, current({ risk: "low" }))).rejects.toMatchObject({ kind: "denied" });
      expect(await plans.begin(id, agent, current({ risk: "low" }))).toMatchObject({ state: "applying" });
    }),
  );

  test(
    "refuses every difference between what was planned and what would happen (fault 102)",
    withPlans(async ({ plans, propose }) => {
      const { id } = await propose();
      await plans.approve(id, approver);
      const attempts = [
        () => plans.begin(id, stranger, current()),
        () => plans.begin(id, holder(agent.id, "read"), current()),
        () => plans.begin(id, agent, { ...current(), arguments: { ...arguments_, force: true } }),
        () => plans.begin(id, agent, { ...current(), arguments: {} }),
        () => plans.begin(id, agent, current({ stateVersion: "v2" })),
        () => plans.begin(id, agent, current({ risk: "low" })),
        () => plans.begin(id, agent, current({ costPerHourUsd: 1 })),
        () => plans.begin(id, agent, current({ changes: [{ action: "delete", resource: "container web" }] })),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ kind: "denied" });
      const reordered = { arguments: { force: false, container: "web" }, plan: change() };
      expect(await plans.begin(id, agent, reordered)).toMatchObject({ state: "applying" });
    }),
  );

  test(
    "refuses a plan whose row was altered, whichever field",
    withPlans(async ({ plans, propose, store, clock }) => {
      const alterations: Partial<PlanRow>[] = [
        { risk: "low" },
        { caller: stranger.id },
        { tool: "other" },
        { server: "bi" },
        { state_version: "v2" },
        { cost_per_hour_usd: 9 },
        { arguments: '{"container":"db"}' },
        { arguments_hash: "0".repeat(64) },
        { plan: JSON.stringify(change({ summary: "Restart nothing." })) },
        { plan_hash: "0".repeat(64) },
        { created_at: clock.now() + 1 },
        { expires_at: clock.now() + 86_400_000 },
      ];
      for (const alteration of alterations) {
        const { id } = await propose();
        await store.db.updateTable("plans").set(alteration).where("id", "=", id).execute();
        await expect(plans.approve(id, approver), Object.keys(alteration)[0]).rejects.toMatchObject({ kind: "denied" });
        await expect(plans.begin(id, agent, current())).rejects.toMatchObject({ kind: "denied" });
      }
      const { id } = await propose();
      const renamed = `${id.slice(0, -1)}${id.endsWith("A") ? "B" : "A"}`;
      await store.db.updateTable("plans").set({ id: renamed }).where("id", "=", id).execute();
      await expect(plans.approve(renamed, approver)).rejects.toMatchObject({ kind: "denied" });
      const otherKey = createPlans({ store, clock, key: randomBytes(32) });
      const { id: sealed } = await propose();
      await expect(otherKey.approve(sealed, approver)).rejects.toMatchObject({ kind: "denied" });
    }),
  );

  test(
    "is not approved by a write to the table, nor by another plan's approval",
    withPlans(async ({ plans, propose, store }) => {
      const { id: approved } = await propose();
      await plans.approve(approved, approver);
      expect(await plans.list({ state: "approved" })).toMatchObject([{ approved_by: approver.id }]);
      const { approved_by } = await store.db.selectFrom("plans").select("approved_by").executeTakeFirstOrThrow();
      for (const forged of [null, approver.id, `${approver.id} x`, approved_by]) {
        const { id } = await propose();
        await store.db
          .updateTable("plans")
          .set({ state: "approved", approved_by: forged })
          .where("id", "=", id)
          .execute();
        await expect(plans.begin(id, agent, current())).rejects.toMatchObject({ kind: "denied" });
      }
      expect(await plans.begin(approved, agent, current())).toMatchObject({ approved_by: approver.id });
    }),
  );

  test(
    "lets only an approver approve, never the proposer",
    withPlans(async ({ plans, propose }) => {
      const { id } = await propose();
      await expect(plans.approve(id, stranger)).rejects.toMatchObject({ kind: "denied" });
      const both = holder(agent.id, "read", "write", "approve");
      await expect(plans.approve(id, both)).rejects.toMatchObject({ kind: "denied" });
      await expect(plans.approve("pl_unknown", approver)).rejects.toMatchObject({ kind: "not_found" });
      expect((await plans.get(id))?.state).toBe("proposed");
    }),
  );

  test(
    "lets an approver refuse and the proposer withdraw, for good",
    withPlans(async ({ plans, propose }) => {
      const first = await propose();
      await expect(plans.refuse(first.id, stranger)).rejects.toMatchObject({ kind: "denied" });
      expect(await plans.refuse(first.id, approver, "not on Friday")).toMatchObject({ state: "refused" });
      await expect(plans.approve(first.id, approver)).rejects.toMatchObject({ kind: "denied" });
      expect(await plans.get(first.id)).toMatchObject({ outcome: "not on Friday" });
      const second = await propose({ risk: "low" });
      await plans.refuse(second.id, agent);
      await expect(plans.begin(second.id, agent, current({ risk: "low" }))).rejects.toMatchObject({ kind: "denied" });
    }),
  );

  test(
    "ends a plan after ten minutes, approved or not",
    withPlans(async ({ plans, propose, clock }) => {
      const proposed = await propose();
      const approved = await propose();
      await plans.approve(approved.id, approver);
      await clock.advance(599_999);
      expect(await plans.list({ state: "approved" })).toHaveLength(1);
      await clock.advance(1);
      for (const { id } of [proposed, approved]) {
        expect((await plans.get(id))?.state).toBe("expired");
        await expect(plans.approve(id, approver)).rejects.toMatchObject({
          kind: "denied",
          message: "The plan has expired.",
        });
        await expect(plans.begin(id, agent, current())).rejects.toMatchObject({ kind: "denied" });
      }
      expect(await plans.list({ state: "expired" })).toHaveLength(2);
      expect(await plans.list({ state: "proposed" })).toEqual([]);
    }),
  );

  test(
    "shows a plan as unknown when its process died, and takes a late result",
    withPlans(async ({ plans, propose, clock }) => {
      const { id } = await propose({ risk: "low" });
      await plans.begin(id, agent, current({ risk: "low" }));
      await clock.advance(660_000);
      expect((await plans.get(id))?.state).toBe("unknown");
      expect(await plans.list({ state: "unknown" })).toHaveLength(1);
      expect(await plans.list({ state: "applying" })).toEqual([]);
      await expect(plans.begin(id, agent, current({ risk: "low" }))).rejects.toMatchObject({ kind: "denied" });
      await plans.finish(id, "applied");
      expect((await plans.get(id))?.state).toBe("applied");
    }),
  );

  test(
    "bounds what one caller can leave undecided, and the size of one plan",
    withPlans(async ({ plans, propose, clock }) => {
      for (let index = 0; index < 100; index += 1) await propose();
      await expect(propose()).rejects.toMatchObject({ kind: "rate_limited" });
      await clock.advance(600_000);
      await propose();
      const text = "x".repeat(300_000);
      const proposal = { server: "infra", tool: "t", caller: agent, arguments: { text }, plan: change() };
      await expect(plans.propose(proposal)).rejects.toMatchObject({ kind: "invalid_input" });
      const reader = { ...proposal, arguments: {}, caller: holder("tok_reader", "read") };
      await expect(plans.propose(reader)).rejects.toMatchObject({ kind: "denied" });
    }),
  );

  test(
    "lets exactly one of several processes take a plan, and one of approve and refuse win",
    withPlans(async ({ plans, clock, place, key }) => {
      // The other processes live by the real clock.
      const now = Date.now();
      clock.jumpWall(now - clock.now());
      const propose = (risk: "low" | "medium") =>
        plans.propose({ server: "infra", tool: "t", caller: agent, arguments: arguments_, plan: change({ risk }) });
      const taken = await Promise.all(Array.from({ length: 20 }, () => propose("low")));
      const ids = taken.map((row) => row.id);
      const racers = Array.from({ length: 3 }, () =>
        startScript(racerSource, place, key.toString("hex"), ids, agent, current({ risk: "low" })),
      );
      const outcomes = await Promise.all(racers.map((racer) => racer.waitFor("won ")));
      const won = outcomes.flatMap((line) => JSON.parse(line.slice(4)) as string[]);
      expect(won.toSorted()).toEqual(ids.toSorted());
      for (const { id } of await Promise.all(Array.from({ length: 20 }, () => propose("medium")))) {
        const [approval, refusal] = await Promise.allSettled([plans.approve(id, approver), plans.refuse(id, approver)]);
        // An approved plan may still be refused; a refused one stays refused, whichever came first.
        const state = refusal.status === "fulfilled" ? "refused" : "approved";
        expect((await plans.get(id))?.state).toBe(state);
        if (state === "approved") expect(approval.status).toBe("fulfilled");
      }
    }),
    120_000,
  );
});

const racerSource = `
import { openStoreAt } from ${JSON.stringify(new URL("../testing/store-engines.ts", import.meta.url).href)};
import { systemClock } from ${JSON.stringify(new URL("../limits/clock.ts", import.meta.url).href)};
import { createPlans } from ${JSON.stringify(new URL("./plans.ts", import.meta.url).href)};
const [place, key, ids, caller, current] = process.argv.slice(-5).map((value) => JSON.parse(value));
const store = await openStoreAt(place);
const plans = createPlans({ store, clock: systemClock, key: Buffer.from(key, "hex") });
const won = [];
await Promise.all(ids.map(async (id) => {
  try {
    await plans.begin(id, caller, current);
    won.push(id);
  } catch (error) {
    if (error.kind !== "denied") throw error;
  }
}));
process.stdout.write("won " + JSON.stringify(won) + "\\n");
await store.close();
`;
