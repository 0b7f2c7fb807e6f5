import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import type { KeyProbe } from "./rotator.ts";
import { createRotationBench, firstValue, type RotationBench } from "./testing/rotation-bench.ts";

const minute = 60_000;
const actor = "tok_person";
const working = new Set<string>();
let bench: RotationBench;

async function probeKey(_variable: string, value: Secret): Promise<void> {
  if (!working.has(unwrap(value))) throw new AppError("denied", "The service refuses this key.");
}

beforeEach(async () => {
  working.clear();
  working.add(firstValue);
  bench = await createRotationBench({ rotator: undefined, probeKey });
});
afterEach(() => bench.close());

test("a person makes the key, hands it over, and deletes the old one; the rest happens by itself", async () => {
  const plan = await bench.rotations.plan(bench.target);
  expect(plan).toMatchObject({ kind: "assisted", pageUrl: "https://fake.example/keys" });
  const { id, task } = await bench.rotations.start(bench.target, actor);
  expect(task).toMatchObject({ state: "open", pageUrl: "https://fake.example/keys", path: bench.target.path });
  expect(task?.instruction).toContain("https://fake.example/keys");
  await bench.clock.advance(10 * minute);
  expect(bench.served()).toBe(firstValue);
  working.add("fake-made-by-hand");
  const taken = await bench.rotations.completeTask(task?.id ?? "", new Secret("fake-made-by-hand"), actor);
  expect(taken).toEqual({ rotationId: id, checkedBy: "probe" });
  await bench.clock.advance(5 * minute);
  expect(bench.served()).toBe("fake-made-by-hand");
  expect(await bench.rotations.get(id)).toMatchObject({ state: "waiting", step: "retire", served: "new" });
  const [toDelete] = await bench.rotations.tasks();
  expect(toDelete).toMatchObject({
    state: "delete_old",
    instruction: expect.stringContaining("Delete the old key") as string,
  });
  await expect(bench.rotations.confirmTask(toDelete?.id ?? "", actor)).rejects.toMatchObject({
    message: /still works/,
  });
  working.delete(firstValue);
  await bench.rotations.confirmTask(toDelete?.id ?? "", actor);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "succeeded" });
  expect(await bench.rotations.tasks({ state: "done" })).toHaveLength(1);
  const rows = await bench.store.db.selectFrom("rotations").selectAll().execute();
  expect(rows).toMatchObject([{ sealed_old: null, sealed_new: null, active_key: null }]);
  expect(JSON.stringify([rows, bench.audit]) + bench.logged()).not.toContain("made-by-hand");
});

test.each([
  ["does not work", "fake-unknown-key", "denied"],
  ["is another service's", "sk-other-service", "invalid_input"],
  ["is the one in use", firstValue, "invalid_input"],
  ["has a line break", "fake-one\nfake-two", "invalid_input"],
])("a key that %s changes nothing", async (_reason, key, kind) => {
  const { task, id } = await bench.rotations.start(bench.target, actor);
  await expect(bench.rotations.completeTask(task?.id ?? "", new Secret(key), actor)).rejects.toMatchObject({ kind });
  expect(await bench.rotations.get(id)).toMatchObject({ state: "waiting", step: "create", newFingerprint: undefined });
  expect(await bench.rotations.tasks({ state: "open" })).toHaveLength(1);
  expect(bench.served()).toBe(firstValue);
});

test("a key that stops working during the grace gives way to the old one, and the person hears of it", async () => {
  const { task, id } = await bench.rotations.start(bench.target, actor);
  working.add("fake-short-lived");
  await bench.rotations.completeTask(task?.id ?? "", new Secret("fake-short-lived"), actor);
  await bench.clock.advance(30_000);
  expect(bench.served()).toBe("fake-short-lived");
  working.delete("fake-short-lived");
  await bench.clock.advance(10 * minute);
  expect(bench.served()).toBe(firstValue);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "rolled_back", served: "old" });
  expect(await bench.rotations.tasks()).toMatchObject([
    { state: "cancelled", instruction: "The service refuses this key. Delete the new key, or start again." },
  ]);
});

test("a service that does not answer for a while takes no key back", async () => {
  await bench.close();
  let isDown = false;
  bench = await createRotationBench({
    rotator: undefined,
    probeKey: async () => {
      if (isDown) throw new AppError("unavailable", "The service does not answer.");
    },
  });
  const { task, id } = await bench.rotations.start(bench.target, actor);
  isDown = true;
  const handOver = () => bench.rotations.completeTask(task?.id ?? "", new Secret("fake-good-key"), actor);
  await expect(handOver()).rejects.toMatchObject({ kind: "unavailable" });
  expect(await bench.rotations.tasks({ state: "open" })).toHaveLength(1);
  isDown = false;
  await handOver();
  await bench.clock.advance(30_000);
  isDown = true;
  await bench.clock.advance(10 * minute);
  expect(bench.served()).toBe("fake-good-key");
  expect(await bench.rotations.get(id)).toMatchObject({ state: "waiting", step: "retire", served: "new" });
  expect(bench.logged()).toContain("could not be tried");
});

test("a probe is told where the service is, as the users of the key are, and no other secret", async () => {
  await bench.close();
  const asked: Readonly<Record<string, string | undefined>>[] = [];
  const probe: KeyProbe = async (_variable, _value, { settings }) => void asked.push(settings);
  bench = await createRotationBench({ rotator: undefined, probeKey: probe });
  await bench.backend.update(
    bench.target.environment,
    `values:\n  stores:\n    fake:\n      FAKE_KEY: { "fn::secret": ${firstValue} }\n      OTHER: { "fn::secret": other }\n` +
      "      FAKE_URL: https://stored.example\n      FAKE_REGION: north\n      FAKE_BLANK: ''\n    else: { X: far }\n",
  );
  const overrides = { FAKE_URL: "https://here.example", FAKE_REGION: " ", FAKE_ZONE: undefined };
  const { rotations } = await bench.createOther({ overrides });
  const { task } = await rotations.start(bench.target, actor);
  await rotations.completeTask(task?.id ?? "", new Secret("fake-made-by-hand"), actor);
  expect(asked).toEqual([{ FAKE_URL: "https://here.example", FAKE_REGION: "north" }]);
});

test("a service without a probe says that only the shape was checked", async () => {
  await bench.close();
  bench = await createRotationBench({ rotator: undefined });
  const { task, id } = await bench.rotations.start(bench.target, actor);
  const taken = await bench.rotations.completeTask(task?.id ?? "", new Secret("fake-any-key"), actor);
  expect(taken.checkedBy).toBe("shape");
  await bench.clock.advance(5 * minute);
  const status = await bench.rotations.get(id);
  expect(status.warnings).toEqual(["The new key was not tried at Fake: no probe yet."]);
  await bench.rotations.confirmTask(task?.id ?? "", actor);
  expect(await bench.rotations.get(id)).toMatchObject({ state: "succeeded" });
});

test("a task that is cancelled ends the rotation, and another one may begin", async () => {
  const { id } = await bench.rotations.start(bench.target, actor);
  await expect(bench.rotations.start(bench.target, actor)).rejects.toMatchObject({ message: /under way/ });
  await bench.rotations.cancel(id, actor);
  expect(await bench.rotations.tasks()).toMatchObject([{ state: "cancelled" }]);
  await bench.rotations.start(bench.target, actor);
  expect((await bench.rotations.status()).map(({ state }) => state).toSorted()).toEqual(["cancelled", "waiting"]);
});
