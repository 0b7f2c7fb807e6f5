import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyAudit } from "@sophia/core/observe/audit";
import { rotationSteps } from "@sophia/core/secrets/rotation/rotation-types";
import { startScript } from "@sophia/core/testing/child-script";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RotationPeer, startRotationPeer } from "./testing/rotation-peers.ts";
import { createRotationPlace, openRotationWorld, type RotationWorld } from "./testing/rotation-world.ts";

const worldModule = new URL("./testing/rotation-world.ts", import.meta.url).href;

/** Rotates, and kills itself when a step has had its effect: before that is in the journal, or after. */
const crashingScript = `
  import { openRotationWorld } from ${JSON.stringify(worldModule)};
  const [options, crashAt] = process.argv.slice(2).map((text) => JSON.parse(text));
  const die = (point) => { if (point === crashAt) process.kill(process.pid, "SIGKILL"); };
  const wrapJobs = (jobs) => ({ ...jobs, define(kind, handler, given) {
    jobs.define(kind, (run) => handler({ ...run, async step(name, work, how) {
      const result = await run.step(name, async () => { const made = await work(); die("in " + name); return made; }, how);
      die("after " + name);
      return result;
    } }), given);
  } });
  const world = await openRotationWorld({ ...options, wrapJobs });
  const { id } = await world.rotations.start(world.target, "tok_person");
  console.log("started " + id);
  setInterval(() => {}, 1_000);
`;

// "in": the effect is there, and the journal does not know. The machinery is the same for both services, so Redis gets
// the points where its own steps could differ.
const withEffect = ["in set", "in promote", "in retire"];
const points = { postgresql: [...withEffect, ...rotationSteps.map((step) => `after ${step}`)], redis: withEffect };

describe.each(["postgresql", "redis"] as const)("a rotation of %s whose process is killed", (service) => {
  let peer: RotationPeer | undefined;
  beforeAll(async () => {
    peer = await startRotationPeer(service);
  });
  afterAll(() => peer?.stop());

  let dataDir: string;
  let first: string;
  let world: RotationWorld | undefined;
  beforeEach(async () => {
    if (!peer) return;
    dataDir = mkdtempSync(join(tmpdir(), "sophia-crash-"));
    first = await peer.createLogin();
    await createRotationPlace(dataDir, service, { current: first, administrator: peer.administrator });
  });
  afterEach(async () => {
    await world?.close();
    world = undefined;
    rmSync(dataDir, { recursive: true, force: true });
  });

  test.for(points[service])("fault 3: killed %s, it goes on and ends with one valid value", async (point, { skip }) => {
    skip(!peer, `no ${service} on this machine`);
    const limits = { graceMs: 300, refreshMs: 100, observeEveryMs: 50 };
    const script = startScript(crashingScript, { dataDir, service, limits }, point);
    const id = (await script.waitFor("started")).replace("started ", "");
    expect((await script.ended).signal).toBe("SIGKILL");
    world = await openRotationWorld({ dataDir, service, limits });
    const { rotations } = world;
    await expect.poll(async () => (await rotations.get(id)).state, { timeout: 15_000, interval: 50 }).toBe("succeeded");
    const served = await world.served();
    expect(served).not.toBe(first);
    expect([await peer?.accepts(first), await peer?.accepts(served)]).toEqual([false, true]);
    expect(await rotations.get(id)).toMatchObject({ served: "new", warnings: [...keptNowhere(service)] });
    await world.close();
    world = undefined;
    await assertTruthfulAudit(dataDir);
  });
});

/** The test's Redis has neither an aclfile nor a configuration file, and that is told. */
function keptNowhere(service: string): unknown[] {
  return service === "redis" ? [expect.stringContaining("forgets")] : [];
}

/** Each step began before it ended, and none ended that had not begun; both chains hold. */
async function assertTruthfulAudit(dataDir: string): Promise<void> {
  const folder = join(dataDir, "audit");
  expect(await verifyAudit(folder)).toMatchObject({ ok: true });
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n"))
    .map((line) => JSON.parse(line) as { phase?: string; outcome?: string; rotation?: { step: string } });
  const count = (phase: string, step: string) =>
    lines.filter((line) => line.phase === phase && line.rotation?.step === step).length;
  for (const step of rotationSteps) {
    expect(count("before", step)).toBeGreaterThan(0);
    expect(count("after", step)).toBeGreaterThan(0);
    expect(count("before", step)).toBeGreaterThanOrEqual(count("after", step));
  }
}
