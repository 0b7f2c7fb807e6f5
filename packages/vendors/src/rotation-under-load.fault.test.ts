import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret, unwrap } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { createRedisLimitStore } from "@sophia/core/limits/redis-limit-store";
import { verifyAudit } from "@sophia/core/observe/audit";
import { SecretReports } from "@sophia/core/secrets/rotation/secret-reports";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { openStore } from "@sophia/core/store/store";
import { secretForms } from "@sophia/core/testing/secret-forms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RotationPeer, startRotationPeer } from "./testing/rotation-peers.ts";
import {
  createRotationPlace,
  followServed,
  openRotationWorld,
  quickLimits,
  type RotationWorld,
} from "./testing/rotation-world.ts";
import { startSteadyLoad } from "./testing/steady-load.ts";

type Service = "postgresql" | "redis";
const callsPerSecond = 200;

describe.each<Service>(["postgresql", "redis"])("rotation of %s under load", (service) => {
  let peer: RotationPeer | undefined;
  beforeAll(async () => {
    peer = await startRotationPeer(service);
  });
  afterAll(() => peer?.stop());

  let dataDir: string;
  let world: RotationWorld;
  let secret: Secret;
  beforeEach(async () => {
    if (!peer) return;
    dataDir = mkdtempSync(join(tmpdir(), "sophia-load-"));
    secret = new Secret(await peer.createLogin());
    await createRotationPlace(dataDir, service, { current: unwrap(secret), administrator: peer.administrator });
    world = await openRotationWorld({ dataDir, service });
  });
  afterEach(async () => {
    await world?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  function createReports(): SecretReports {
    const { store, keys, log, target } = world;
    const everyMs = quickLimits.refreshMs;
    const reports = new SecretReports({
      store,
      keys,
      log,
      clock: systemClock,
      process: `consumer-${service}`,
      everyMs,
    });
    const probe = async (value: Secret) => void (await peer?.accepts(unwrap(value)));
    reports.watch({ ...target, secret, probe });
    return reports;
  }

  async function openConsumer(reports: SecretReports): Promise<{ call(): Promise<unknown>; close(): Promise<void> }> {
    const onUse = (used: Secret, accepted: boolean): void => reports.note(secret, accepted, used);
    if (service === "postgresql") {
      const store = await openStore<CoreTables>({
        dataDir,
        databaseUrl: secret,
        migrations: [],
        log: world.log,
        onDatabaseUse: onUse,
      });
      return {
        call: () => store.db.selectFrom("jobs").select("id").limit(1).execute(),
        close: () => store.close(),
      };
    }
    const limits = createRedisLimitStore({ url: secret, clock: systemClock, log: world.log, onUse });
    await expect.poll(() => limits.shared).toBe(true);
    const rule = { requests: 100_000, perMs: 1_000, burst: 1_000 };
    const call = async (): Promise<void> => {
      await limits.takeRate({ gate: "g", bucket: "b", rule, weight: 1, maxWaitMs: 10 });
      if (!limits.shared) throw new Error("the limits were not shared");
    };
    return { call, close: () => limits.close() };
  }

  test("three rotations at 200 calls/s: no call fails, and one value is valid at the end", async ({ skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const reports = createReports();
    const consumer = await openConsumer(reports);
    reports.start();
    const refresh = followServed(world, secret);
    let begun = 0;
    const loadedAt = performance.now();
    const load = startSteadyLoad(callsPerSecond, async () => {
      begun += 1;
      if (begun % 10 !== 0) return await consumer.call();
      // Connections outlive their password; a process that starts has only what is served to it.
      if (!(await peer?.accepts(unwrap(secret)))) throw new Error("a new connection was refused");
    });
    await systemClock.sleep(500);
    const values = [unwrap(secret)];
    for (let turn = 1; turn <= 3; turn += 1) {
      load.mark(`rotation ${turn}`);
      const { id } = await world.rotations.start(world.target, "tok_person");
      await expect
        .poll(async () => (await world.rotations.get(id)).state, { timeout: 15_000, interval: 50 })
        .toBe("succeeded");
      values.push(await world.served());
    }
    load.mark("after");
    await systemClock.sleep(500);
    const result = await load.stop();
    const loadedSeconds = (performance.now() - loadedAt) / 1_000;
    await refresh.stop();
    await reports.stop();
    await consumer.close();
    expect(result).toMatchObject({ failures: 0, reasons: [] });
    expect(result.calls).toBeGreaterThan(callsPerSecond * loadedSeconds * 0.5);
    expect(new Set(values).size).toBe(4);
    expect(await Promise.all(values.map(async (value) => await peer?.accepts(value)))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(unwrap(secret)).toBe(values[3]);
    await assertNothingLeaks(values);
  });

  /** Neither our files and logs nor the service's own records have a password in any form. */
  async function assertNothingLeaks(urls: readonly string[]): Promise<void> {
    const records = (await peer?.readRecords()) ?? "";
    expect(records).toMatch(/login password 'SCRAM-SHA-256|on sanitize-payload #/);
    const places = [readFolder(dataDir), world.lines.join("\n"), records];
    for (const url of urls.slice(1)) {
      const { password } = new URL(url);
      for (const form of secretForms(password)) {
        for (const place of places) expect(place.includes(form)).toBe(false);
      }
    }
    expect(world.lines.join("\n")).not.toContain("is away");
    const verified = await verifyAudit(join(dataDir, "audit"));
    expect(verified).toMatchObject({ ok: true });
  }
});

function readFolder(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size < 50_000_000)
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}
