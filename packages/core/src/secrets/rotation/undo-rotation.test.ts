import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { createAlertEvents } from "../../store/alert-events.ts";
import { createConsumer } from "./testing/create-consumer.ts";
import { createRotationBench, firstValue, type RotationBench } from "./testing/rotation-bench.ts";

let bench: RotationBench;
beforeEach(async () => {
  bench = await createRotationBench();
});
afterEach(() => bench.close());

const minute = 60_000;
const actor = "tok_person";

const alerts = async () => await createAlertEvents({ store: bench.store }).list({});

test("failing calls with the new value bring the old one back; the new one goes when nobody uses it", async () => {
  const { reports, secret } = createConsumer(bench, { name: "web" });
  for (let call = 0; call < 200; call += 1) reports.note(secret, true);
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  expect(bench.served()).toBe("fake-secret-value-1");
  const fresh = new Secret("fake-secret-value-1");
  for (let call = 0; call < 40; call += 1) reports.note(secret, call % 2 === 0, fresh);
  await bench.clock.advance(30_000);
  expect(bench.served()).toBe(firstValue);
  expect(bench.service.valid).toContain("fake-secret-value-1");
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({
    state: "rolled_back",
    served: "old",
    error: { message: "20 of 40 calls with the new value failed (50.0 %)." },
  });
  expect([...bench.service.valid]).toEqual([firstValue]);
  await reports.stop();
});

test("a probe that fails after the promotion brings the old value back", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  bench.service.before = (step, value) => {
    if (step === "validate" && value !== firstValue) throw new AppError("denied", "Refused.");
  };
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "rolled_back", step: "observe", served: "old" });
  expect([...bench.service.valid]).toEqual([firstValue]);
});

test("a rollback that fails leaves both values valid, tells people what to do, and goes on when they have", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  await bench.rotations.cancel(id, actor);
  bench.backend.beforeUpdate = () => {
    throw new AppError("unavailable", "The store is away.");
  };
  await bench.clock.advance(2 * minute);
  const status = await bench.rotations.get(id);
  expect(status).toMatchObject({ state: "failed", served: "new" });
  expect(status.nextStep).toContain(`secrets rollback sophia/stores-development@2`);
  expect(status.nextStep).toContain(id);
  expect(bench.service.valid).toEqual(new Set([firstValue, bench.served()]));
  expect((await alerts())[0]).toMatchObject({ severity: "critical", detail: expect.stringContaining(id) as string });
  bench.backend.beforeUpdate = undefined;
  await bench.rotations.resume(id, actor);
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "cancelled", served: "old", nextStep: "" });
  expect([...bench.service.valid]).toEqual([firstValue]);
});

test("where the old value is dead the new one stays, whatever the error rate says", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  bench.service.valid.delete(firstValue);
  await bench.rotations.cancel(id, actor);
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "failed", served: "new" });
  expect([...bench.service.valid]).toEqual([bench.served()]);
  await expect(bench.rotations.resume(id, actor)).rejects.toMatchObject({ message: /is over/ });
});

test("somebody who rolls the environment back by hand during the grace is obeyed", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  await bench.backend.rollback(bench.target.environment, 2);
  await bench.clock.advance(10 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "rolled_back", step: "retire", served: "old" });
  expect([...bench.service.valid]).toEqual([firstValue]);
});

test("a process that stops in the middle of undoing is followed by another that ends it", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  await bench.rotations.cancel(id, actor);
  await bench.clock.advance(30_000);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "rolling_back", served: "old" });
  expect(bench.service.valid.size).toBe(2);
  const stopped = bench.jobs.stop(0);
  await bench.clock.advance(20_000);
  await stopped;
  const other = await bench.createOther();
  await bench.clock.advance(5 * minute);
  expect(await other.rotations.get(id)).toMatchObject({ state: "cancelled", served: "old" });
  expect([...bench.service.valid]).toEqual([firstValue]);
});

test("a secret that somebody takes out of the environment during its rotation stays out", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await bench.clock.advance(30_000);
  await bench.backend.update(bench.target.environment, "values: {}\n");
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "rolled_back", served: "unknown" });
  expect(bench.backend.revisionsOf(bench.target.environment).at(-1)).toBe("values: {}\n");
});
