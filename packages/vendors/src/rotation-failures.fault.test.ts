import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { verifyAudit } from "@sophia/core/observe/audit";
import { createConflict } from "@sophia/core/secrets/backend/conflict";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { RotationStatus } from "@sophia/core/secrets/rotation/rotation-types";
import { SecretReports } from "@sophia/core/secrets/rotation/secret-reports";
import { createAlertEvents } from "@sophia/core/store/alert-events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RotationPeer, startRotationPeer } from "./testing/rotation-peers.ts";
import { createRotationPlace, openRotationWorld, type RotationWorld } from "./testing/rotation-world.ts";

describe.each(["postgresql", "redis"] as const)("what goes wrong while %s is rotated", (service) => {
  let peer: RotationPeer | undefined;
  beforeAll(async () => {
    peer = await startRotationPeer(service);
  });
  afterAll(() => peer?.stop());

  let dataDir: string;
  let first: string;
  const worlds: RotationWorld[] = [];
  /** Called before each write of the environment. */
  let beforeUpdate: (backend: SecretBackend) => Promise<void> | void;
  beforeEach(async () => {
    beforeUpdate = () => {};
    if (!peer) return;
    dataDir = mkdtempSync(join(tmpdir(), "sophia-failures-"));
    first = await peer.createLogin();
    await createRotationPlace(dataDir, service, { current: first, administrator: peer.administrator });
  });
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
    expect(await verifyAudit(join(dataDir, "audit"))).toMatchObject({ ok: true });
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function open(): Promise<RotationWorld> {
    const wrapBackend = (backend: SecretBackend): SecretBackend => ({
      ...backend,
      async update(...given) {
        await beforeUpdate(backend);
        return await backend.update(...given);
      },
    });
    const limits = { graceMs: 300, refreshMs: 100, observeEveryMs: 50, maximumGraceMs: 2_000, consumerLivesMs: 600 };
    const world = await openRotationWorld({ dataDir, service, wrapBackend, limits });
    worlds.push(world);
    return world;
  }

  async function waitFor({ rotations }: RotationWorld, id: string, state: string): Promise<RotationStatus> {
    await expect.poll(async () => (await rotations.get(id)).state, { timeout: 15_000, interval: 50 }).toBe(state);
    return await rotations.get(id);
  }

  function createConsumer({ store, keys, log, target }: RotationWorld, probe?: () => Promise<void>) {
    const reports = new SecretReports({ store, keys, log, clock: systemClock, process: "consumer", everyMs: 100 });
    reports.watch({ ...target, secret: new Secret(first), ...(probe && { probe }) });
    reports.start();
    return reports;
  }

  test("a new value that one consumer cannot use is dropped at the service", async ({ skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const world = await open();
    let tried = 0;
    const reports = createConsumer(world, async () => {
      tried += 1;
      throw new AppError("unavailable", "No route from here.");
    });
    await reports.report();
    const { id } = await world.rotations.start(world.target, "tok_person");
    expect(await waitFor(world, id, "rolled_back")).toMatchObject({ step: "validate", served: "old" });
    expect(tried).toBe(1);
    expect(await world.served()).toBe(first);
    expect(await peer?.accepts(first)).toBe(true);
    await reports.stop();
  });

  test("a lost race for the environment is run again; one that is always lost ends with the old value", async ({
    skip,
  }) => {
    skip(!peer, `no ${service} on this machine`);
    const world = await open();
    let races = 0;
    beforeUpdate = async (backend) => {
      if ((races += 1) > 2) return;
      const { yaml } = await backend.read(world.target.environment);
      await backend.update(world.target.environment, `${yaml}  added${races}: ${races}\n`);
    };
    const { id } = await world.rotations.start(world.target, "tok_person");
    await waitFor(world, id, "succeeded");
    const { yaml } = await world.backend.read(world.target.environment);
    expect(yaml).toContain("added1: 1");
    expect(yaml).toContain("added2: 2");
    const second = await world.served();
    beforeUpdate = () => {
      throw createConflict("Somebody else wrote.", "Read again.");
    };
    const lost = await world.rotations.start(world.target, "tok_person");
    expect(await waitFor(world, lost.id, "rolled_back")).toMatchObject({ step: "promote", served: "old" });
    expect([await peer?.accepts(first), await peer?.accepts(second)]).toEqual([false, true]);
    expect(await world.served()).toBe(second);
  });

  test("of two rotators at once one wins, and one value is valid", async ({ skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const [one, other] = [await open(), await open()];
    const starts = await Promise.allSettled([one, other].map((world) => world.rotations.start(world.target, "tok")));
    const won = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value.id] : []));
    expect(won).toHaveLength(1);
    await waitFor(one, won[0] ?? "", "succeeded");
    const served = await one.served();
    expect([await peer?.accepts(first), await peer?.accepts(served)]).toEqual([false, true]);
  });

  test("a rollback that fails leaves two valid values, says what to do, and ends with one", async ({ skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const world = await open();
    const { id } = await world.rotations.start(world.target, "tok_person");
    await expect
      .poll(async () => (await world.rotations.get(id)).step, { timeout: 15_000, interval: 20 })
      .toBe("observe");
    beforeUpdate = () => {
      throw new AppError("unavailable", "The store is away.");
    };
    await world.rotations.cancel(id, "tok_person");
    const failed = await waitFor(world, id, "failed");
    const second = await world.served();
    expect(failed.nextStep).toContain(`secrets rotate --resume ${id}`);
    expect([await peer?.accepts(first), await peer?.accepts(second)]).toEqual([true, true]);
    const alerts = await createAlertEvents({ store: world.store }).list({ severity: "critical" });
    expect(alerts).toMatchObject([{ detail: expect.stringContaining(failed.nextStep) as string }]);
    beforeUpdate = () => {};
    await world.rotations.resume(id, "tok_person");
    await waitFor(world, id, "cancelled");
    expect(await world.served()).toBe(first);
    expect([await peer?.accepts(first), await peer?.accepts(second)]).toEqual([true, false]);
  });

  test("a consumer that keeps the old value for the whole grace keeps it valid", async ({ skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const world = await open();
    const reports = createConsumer(world);
    await reports.report();
    const { id } = await world.rotations.start(world.target, "tok_person");
    await waitFor(world, id, "held");
    expect([await peer?.accepts(first), await peer?.accepts(await world.served())]).toEqual([true, true]);
    await reports.stop();
    await systemClock.sleep(700);
    await world.rotations.resume(id, "tok_person");
    await waitFor(world, id, "succeeded");
    expect([await peer?.accepts(first), await peer?.accepts(await world.served())]).toEqual([false, true]);
  });

  test("a password that somebody changed by hand before the rotation is undone is not served", async ({ skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const world = await open();
    const { id } = await world.rotations.start(world.target, "tok_person");
    await expect
      .poll(async () => (await world.rotations.get(id)).step, { timeout: 15_000, interval: 20 })
      .toBe("observe");
    await peer?.breakLogin(first);
    await world.rotations.cancel(id, "tok_person");
    expect(await waitFor(world, id, "failed")).toMatchObject({ served: "new" });
    expect(await peer?.accepts(await world.served())).toBe(true);
  });
});
