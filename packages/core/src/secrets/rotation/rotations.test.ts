import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError } from "../../errors/app-error.ts";
import { createAlertEvents } from "../../store/alert-events.ts";
import { createConsumer } from "./testing/create-consumer.ts";
import { createRotationBench, firstValue, type RotationBench, testLimits } from "./testing/rotation-bench.ts";

let bench: RotationBench;
beforeEach(async () => {
  bench = await createRotationBench();
});
afterEach(() => bench.close());

const minute = 60_000;
const actor = "tok_person";

async function rotate(minutes = 5): Promise<string> {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(minutes * minute);
  return id;
}

const steps = () => bench.audit.map((entry) => `${entry.rotation?.step} ${entry.phase} ${entry.outcome}`);
const alerts = async () => await createAlertEvents({ store: bench.store }).list({});

test("six steps lead to one new valid value, and the audit tells each of them without a value", async () => {
  const plan = await bench.rotations.plan(bench.target);
  expect(plan).toMatchObject({ kind: "automatic", revision: 2, graceMs: 120_000, consumers: [] });
  const id = await rotate();
  expect(await bench.rotations.get(id)).toMatchObject({
    state: "succeeded",
    served: "new",
    preRevision: 2,
    postRevision: 3,
    oldFingerprint: plan.currentFingerprint,
    nextStep: "",
    error: undefined,
  });
  expect([...bench.service.valid]).toEqual([bench.served()]);
  expect(bench.served()).toBe("fake-secret-value-1");
  expect(bench.backend.revisionsOf(bench.target.environment).at(-1)).toContain("# the key of the fake");
  expect(steps()).toEqual([
    "create decide start",
    ...["create", "set", "validate", "promote", "observe", "retire"].flatMap((step) => [
      `${step} before started`,
      `${step} after ok`,
    ]),
  ]);
  const told = JSON.stringify(bench.audit) + bench.logged() + JSON.stringify(await bench.rotations.status());
  expect(told).not.toContain("fake-secret-value");
});

test("no row of the store and no backup holds a value in the clear", async () => {
  await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(minute);
  expect((await bench.rotations.status())[0]?.step).toBe("observe");
  for (const table of ["rotations", "jobs", "job_steps", "alert_events", "secret_consumers"] as const) {
    expect(JSON.stringify(await bench.store.db.selectFrom(table).selectAll().execute())).not.toContain("fake-secret");
  }
  const files = readdirSync(join(bench.folder, "backups"));
  expect(files).toHaveLength(1);
  expect(readFileSync(join(bench.folder, "backups", files[0] ?? ""), "utf8")).not.toContain("fake-secret");
});

test("a value that the service refuses is dropped, and nothing was promoted", async () => {
  bench.service.before = (step, value) => {
    if (step === "validate" && value !== firstValue) throw new AppError("denied", "No privilege on table orders.");
  };
  const id = await rotate();
  expect(await bench.rotations.get(id)).toMatchObject({
    state: "rolled_back",
    step: "validate",
    served: "old",
    postRevision: undefined,
    error: { message: "No privilege on table orders." },
  });
  expect([...bench.service.valid]).toEqual([firstValue]);
  expect(bench.served()).toBe(firstValue);
  expect(steps()).toContain("validate after denied");
  expect(steps().slice(-2)).toEqual(["drop before started", "drop after ok"]);
  expect(await alerts()).toMatchObject([{ severity: "warning", kind: "rotation" }]);
});

test("a step that was refused at the service leaves the idle identity alone", async () => {
  bench.service.before = (step) => {
    if (step === "set") throw new AppError("denied", "The idle identity is in use.");
  };
  await rotate();
  expect(bench.service.calls).not.toContain("retire");
});

test("a passing failure at the service is tried again within a budget", async () => {
  let failures = 0;
  bench.service.before = (step) => {
    if (step === "set" && (failures += 1) <= 3) throw new AppError("unavailable", "The service is away.");
  };
  expect(await bench.rotations.get(await rotate())).toMatchObject({ state: "succeeded" });
  failures = -1_000;
  bench.service.before = (step) => {
    if (step === "set") throw new AppError("unavailable", "The service is away.");
  };
  expect(await bench.rotations.get(await rotate())).toMatchObject({ state: "rolled_back", step: "set" });
});

test("a write of somebody else at promotion is not lost, and the rotation gets through", async () => {
  let writes = 0;
  bench.backend.beforeUpdate = async (id) => {
    if ((writes += 1) > 2) return;
    bench.backend.beforeUpdate = undefined;
    const { yaml } = await bench.backend.read(id);
    await bench.backend.update(id, `${yaml}      ADDED_${writes}: 1\n`);
    writes = 2;
  };
  expect(await bench.rotations.get(await rotate())).toMatchObject({ state: "succeeded", postRevision: 4 });
  expect(bench.backend.revisionsOf(bench.target.environment).at(-1)).toContain("ADDED_1");
});

test("somebody else's new value of the same secret stays, and the pending one is left to the next rotation", async () => {
  bench.backend.beforeUpdate = async (id) => {
    bench.backend.beforeUpdate = undefined;
    const { yaml } = await bench.backend.read(id);
    await bench.backend.update(id, yaml.replace(firstValue, "fake-by-hand"));
  };
  bench.service.valid.add("fake-by-hand");
  const id = await rotate();
  expect(await bench.rotations.get(id)).toMatchObject({ state: "rolled_back", served: "unknown" });
  expect(bench.served()).toBe("fake-by-hand");
  expect(bench.service.valid).toContain("fake-by-hand");
});

test("a write that never gets through ends with the old value, within a budget of tries", async () => {
  let writes = 0;
  bench.backend.beforeUpdate = () => {
    writes += 1;
    throw new AppError("unavailable", "The store is away.");
  };
  expect(await bench.rotations.get(await rotate())).toMatchObject({ state: "rolled_back", served: "old" });
  expect(writes).toBe(5);
  expect([...bench.service.valid]).toEqual([firstValue]);
});

test("of two rotators at once one wins and the other says who it was", async () => {
  const other = await bench.createOther();
  const results = await Promise.allSettled([
    bench.rotations.start(bench.target, "one"),
    other.rotations.start(bench.target, "two"),
  ]);
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(1);
  expect(refused[0]?.reason).toMatchObject({
    kind: "invalid_input",
    message: /under way already, started by (one|two)/,
  });
  await bench.clock.advance(5 * minute);
  expect((await bench.rotations.status()).map(({ state }) => state)).toEqual(["succeeded"]);
  expect([...bench.service.valid]).toEqual([bench.served()]);
});

test("a consumer that keeps the old value holds it valid, past the longest grace, until it lets go", async () => {
  const { reports } = createConsumer(bench, { name: "stubborn" });
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(20 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "held", served: "new" });
  expect(bench.service.valid).toEqual(new Set([firstValue, bench.served()]));
  await expect(bench.rotations.start(bench.target, actor)).rejects.toMatchObject({ message: /it is held/ });
  await reports.stop();
  await bench.clock.advance(2 * minute);
  await bench.rotations.resume(id, actor);
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "succeeded" });
  expect([...bench.service.valid]).toEqual([bench.served()]);
});

test("a held rotation ends by itself once nobody uses the old value", async () => {
  const { reports } = createConsumer(bench, { name: "stubborn" });
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(15 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "held" });
  await reports.stop();
  bench.clock.jumpWall(70 * minute);
  await bench.clock.advance(2 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "succeeded", nextStep: "" });
  expect([...bench.service.valid]).toEqual([bench.served()]);
});

test("sessions that the service still sees under the old value keep it valid, too", async () => {
  bench.service.sessions = 3;
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(6 * minute);
  expect(bench.service.valid).toContain(firstValue);
  bench.service.sessions = 0;
  await bench.clock.advance(minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "succeeded" });
});

test("consumers try the pending value from where they are; one refusal drops it", async () => {
  const seen: string[] = [];
  const willing = createConsumer(bench, { name: "near", probe: async () => void seen.push("near") });
  const failing = createConsumer(bench, {
    name: "far",
    probe: async () => {
      throw new AppError("unavailable", "The host cannot be reached.");
    },
  });
  await bench.clock.advance(1_000);
  const id = await rotate();
  expect(await bench.rotations.get(id)).toMatchObject({
    state: "rolled_back",
    step: "validate",
    error: { message: "The new value does not work for far. The host cannot be reached." },
  });
  expect(seen).toContain("near");
  expect(await bench.store.db.selectFrom("secret_checks").selectAll().execute()).toEqual([]);
  await Promise.all([willing.reports.stop(), failing.reports.stop()]);
});

test.each([30 * 24 * 60 * minute, -30 * 24 * 60 * minute])(
  "a wall clock that jumps by %i ms shortens no grace and ends no rotation early",
  async (jump) => {
    const { id } = await bench.rotations.start(bench.target, actor);
    await bench.clock.advance(30_000);
    const oldWasServedUntil = bench.clock.monotonic();
    bench.clock.jumpWall(jump);
    while ((await bench.rotations.get(id)).state === "running") await bench.clock.advance(5_000);
    expect(bench.clock.monotonic() - oldWasServedUntil).toBeGreaterThanOrEqual(testLimits.graceMs - 30_000);
    expect(bench.clock.monotonic() - oldWasServedUntil).toBeLessThan(testLimits.graceMs + 60_000);
    expect(await bench.rotations.get(id)).toMatchObject({ state: "succeeded" });
    expect([...bench.service.valid]).toEqual([bench.served()]);
  },
);

test("a restored backup keeps what was rotated since", async () => {
  const before = await bench.rotations.backUp(bench.target.environment, "by hand");
  await rotate();
  const { yaml, etag } = await bench.backend.read(bench.target.environment);
  await bench.backend.update(bench.target.environment, yaml.replace("other", "changed"), { etag });
  const restored = await bench.rotations.restore(before.id, actor);
  expect(restored.keptPaths).toEqual([bench.target.path]);
  expect(bench.served()).toBe("fake-secret-value-1");
  expect(bench.backend.revisionsOf(bench.target.environment).at(-1)).not.toContain("changed");
  expect(await bench.rotations.backups()).toHaveLength(3);
});
