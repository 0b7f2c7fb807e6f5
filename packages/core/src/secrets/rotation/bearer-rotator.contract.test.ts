import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTokens, type Tokens } from "../../approval/tokens.ts";
import { Secret, unwrap } from "../../config/secret.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import { openStoreAt } from "../../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../../testing/virtual-clock.ts";
import { createBearerService } from "./bearer-rotator.ts";
import type { Rotator, RotatorContext } from "./rotator.ts";
import { testTarget } from "./testing/rotation-bench.ts";

let dataDir: string;
let store: Store<CoreTables>;
let clock: VirtualClock;
let tokens: Tokens;
let rotator: Rotator;
let context: RotatorContext;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "sophia-bearers-"));
  store = await openStoreAt({ dataDir });
  clock = createVirtualClock();
  tokens = createTokens({ store, clock });
  rotator = createBearerService({ tokens, clock, isOverridden: false }).rotator as Rotator;
  const { bearer } = await tokens.create({ name: "ai to data", server: "data", scopes: ["read", "write"] });
  const signal = AbortSignal.timeout(10_000);
  context = { target: testTarget, current: new Secret(bearer), administrator: undefined, signal };
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test("the new bearer may do what the old one may, and both are valid until the old one is revoked", async () => {
  const next = await rotator.create(context);
  await expect(rotator.validate(context, next)).rejects.toMatchObject({ kind: "denied" });
  await rotator.set(context, next);
  await rotator.set(context, next);
  await rotator.validate(context, next);
  const [old, fresh] = [unwrap(context.current), unwrap(next)];
  expect(fresh).toMatch(/^sophia_data_/);
  expect((await tokens.authenticate(old, "data"))?.scopes).toEqual(["read", "write"]);
  expect(await tokens.authenticate(fresh, "data")).toMatchObject({ name: "ai to data", scopes: ["read", "write"] });
  await rotator.retire(context, context.current);
  await rotator.retire(context, context.current);
  expect(await tokens.authenticate(old, "data")).toBeUndefined();
  expect(await tokens.authenticate(fresh, "data")).toBeDefined();
  await rotator.validate(context, next);
});

test("a bearer that was used lately counts as in use", async () => {
  await tokens.authenticate(unwrap(context.current), "data");
  await expect.poll(() => rotator.observe?.(context, context.current)).toBe(1);
  await clock.advance(4 * 60_000);
  expect(await rotator.observe?.(context, context.current)).toBe(0);
});

test("the callers' bearer out of the store: servers that restart at any step end neither the one in use nor the pending", async () => {
  const current = new Secret("configured-bearer-of-the-environment-0001");
  await tokens.adoptConfigured(current);
  const configured = { ...context, current };
  const next = await rotator.create(configured);
  const valid = async (): Promise<boolean[]> =>
    await Promise.all([current, next].map(async (bearer) => !!(await tokens.authenticate(unwrap(bearer), "ai"))));
  await rotator.set(configured, next);
  expect(await valid()).toEqual([true, true]);
  await tokens.adoptConfigured(current);
  expect(await valid()).toEqual([true, true]);
  await rotator.promote?.(configured, next);
  // One server has the new one already, another starts with the old one.
  await tokens.adoptConfigured(next);
  expect(await valid()).toEqual([true, true]);
  await rotator.retire(configured, current);
  expect(await valid()).toEqual([false, true]);
  await clock.advance(30 * 24 * 60 * 60_000);
  await tokens.adoptConfigured(next);
  expect(await valid()).toEqual([false, true]);
});

test("a bearer that the environment overrides, and one that is not valid, are left alone", async () => {
  const current = new Secret("configured-bearer-of-the-environment-0001");
  await tokens.adoptConfigured(current);
  const overridden = createBearerService({ tokens, clock, isOverridden: true }).rotator as Rotator;
  await expect(overridden.describe({ ...context, current })).rejects.toMatchObject({ kind: "invalid_input" });
  await tokens.revoke("ai to data");
  await expect(rotator.create(context)).rejects.toMatchObject({ kind: "denied" });
});
