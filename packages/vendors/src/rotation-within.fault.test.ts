import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret, unwrap } from "@sophia/core/config/secret";
import { expect, test } from "vitest";
import { startRotationPeer } from "./testing/rotation-peers.ts";
import { createRotationPlace, openRotationWorld } from "./testing/rotation-world.ts";
import { startSteadyLoad } from "./testing/steady-load.ts";

test("the database that holds the journal itself is rotated from within it, without a failed call", async ({
  skip,
}) => {
  const peer = await startRotationPeer("postgresql");
  skip(!peer, "no PostgreSQL on this machine");
  if (!peer) return;
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-within-"));
  const first = await peer.createLogin();
  const secret = new Secret(first);
  await createRotationPlace(dataDir, "postgresql", { current: first, administrator: peer.administrator });
  const { rotations, store, target, served, close } = await openRotationWorld({
    dataDir,
    service: "postgresql",
    databaseUrl: secret,
  });
  const load = startSteadyLoad(200, () => store.db.selectFrom("jobs").select("id").limit(1).execute());
  try {
    const { id } = await rotations.start(target, "tok_person");
    await expect.poll(async () => (await rotations.get(id)).state, { timeout: 15_000, interval: 50 }).toBe("succeeded");
    expect(await load.stop()).toMatchObject({ failures: 0, reasons: [] });
    expect(unwrap(secret)).toBe(await served());
    expect([await peer.accepts(first), await peer.accepts(unwrap(secret))]).toEqual([false, true]);
  } finally {
    await load.stop();
    await close();
    await peer.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
