/**
 * What a rotation costs the calls that use the secret: failed calls, p99 latency during it against before, time of each
 * step, on a private PostgreSQL and a private Redis under a steady load. Rivals run in the same call on the same server:
 * one secret changed in place, once as it is mostly done (the service first, then the store) and once in the other
 * order. Consumers refresh on the same interval with the same pool; every tenth call opens a connection of its own, as
 * processes that start and pools that grow do, for open connections outlive their password.
 *
 * `pnpm bench rotation [--json] [--seed N] [--calls 200] [--rounds 3] [--refresh 500]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Secret, unwrap } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { FollowingRedis } from "@sophia/core/limits/following-redis";
import { readServedSecret, writeSecretValues } from "@sophia/core/secrets/rotation/served-secret";
import { SecretReports } from "@sophia/core/secrets/rotation/secret-reports";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { openStore } from "@sophia/core/store/store";
import { Redis } from "ioredis";
import { type RotationPeer, startRotationPeer } from "../src/testing/rotation-peers.ts";
import {
  createRotationPlace,
  followServed,
  openRotationWorld,
  type RotationWorld,
} from "../src/testing/rotation-world.ts";
import { type LoadResult, startSteadyLoad } from "../src/testing/steady-load.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    calls: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    refresh: { type: "string", default: "500" },
  },
});
const callsPerSecond = Number(values.calls);
const rounds = Number(values.rounds);
const refreshMs = Number(values.refresh);
const settleMs = 1_000;

type Way = "sophia" | "oneSecretServiceFirst" | "oneSecretStoreFirst";
const ways: readonly Way[] = ["sophia", "oneSecretServiceFirst", "oneSecretStoreFirst"];

interface Outcome {
  service: string;
  way: Way;
  calls: number;
  failures: number;
  /** One round trip of the load, milliseconds. */
  p99BeforeMs: number;
  p99DuringMs: number;
  /** From the start until the old value is invalid, milliseconds. */
  rotationMs: number;
  stepsMs: Record<string, number>;
}

interface Consumer {
  call(): Promise<unknown>;
  close(): Promise<void>;
}

async function openConsumer(
  peer: RotationPeer,
  world: RotationWorld,
  secret: Secret,
  reports: SecretReports,
): Promise<Consumer> {
  const onUse = (used: Secret, accepted: boolean): void => reports.note(secret, accepted, used);
  if (peer.service === "postgresql") {
    const store = await openStore<CoreTables>({
      dataDir: tmpdir(),
      databaseUrl: secret,
      migrations: [],
      log: world.log,
      onDatabaseUse: onUse,
    });
    return { call: () => store.db.selectFrom("jobs").select("id").limit(1).execute(), close: () => store.close() };
  }
  const redis = new FollowingRedis({
    url: secret,
    log: world.log,
    open: (url) =>
      new Redis(url, {
        maxRetriesPerRequest: 3,
        commandTimeout: 2_000,
        retryStrategy: () => 50,
      }),
    onUse,
    onReady: () => {},
    onClose: () => {},
  });
  await systemClock.sleep(300);
  return { call: () => redis.run((client) => client.set("sophia:bench", "1")), close: async () => redis.disconnect() };
}

/** The anchor: the one identity gets another password at the service, and the store learns of it before or after. */
async function changeInPlace(peer: RotationPeer, world: RotationWorld, order: "service" | "store"): Promise<void> {
  const { backend, target } = world;
  const { value, source } = await readServedSecret(backend, target);
  const next = new URL(unwrap(value));
  next.password = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url");
  const store = async (): Promise<void> => {
    const text = writeSecretValues(source.yaml, new Map([[target.path, new Secret(next.href)]]));
    await backend.update(target.environment, text, { etag: source.etag });
  };
  const service = (): Promise<void> => peer.setPassword(next.href);
  if (order === "service") {
    await service();
    await store();
  } else {
    await store();
    await systemClock.sleep(refreshMs / 2);
    await service();
  }
}

async function rotateOurs(world: RotationWorld): Promise<Record<string, number>> {
  const { rotations, target } = world;
  const { id } = await rotations.start(target, "bench");
  const first = performance.now();
  const began = new Map<string, number>();
  for (;;) {
    const { state, step } = await rotations.get(id);
    if (!began.has(step)) began.set(step, performance.now());
    if (state === "succeeded") break;
    if (state !== "queued" && state !== "running") throw new Error(`the rotation ended as ${state}`);
    await systemClock.sleep(5);
  }
  const ends = [...began.values()].slice(1).concat(performance.now());
  return Object.fromEntries(
    [...began].map(([step, at], index) => [step, Math.round((ends[index] ?? at) - Math.max(at, first))]),
  );
}

async function measure(peer: RotationPeer, way: Way): Promise<Outcome> {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-rotation-bench-"));
  const secret = new Secret(await peer.createLogin());
  await createRotationPlace(dataDir, peer.service, { current: unwrap(secret), administrator: peer.administrator });
  const limits = { refreshMs, graceMs: 2 * refreshMs, observeEveryMs: 100, consumerLivesMs: 3 * refreshMs };
  const world = await openRotationWorld({ dataDir, service: peer.service, limits });
  const { store, keys, log, target } = world;
  const reports = new SecretReports({ store, keys, log, clock: systemClock, process: "bench", everyMs: refreshMs });
  reports.watch({ ...target, secret });
  const consumer = await openConsumer(peer, world, secret, reports);
  reports.start();
  const refresh = followServed(world, secret, refreshMs);
  let begun = 0;
  const load = startSteadyLoad(callsPerSecond, async () => {
    begun += 1;
    if (begun % 10 !== 0) return await consumer.call();
    if (!(await peer.accepts(unwrap(secret)))) throw new Error("a new connection was refused");
  });
  try {
    await systemClock.sleep(settleMs);
    load.mark("during");
    const startedAt = performance.now();
    let stepsMs: Record<string, number> = {};
    if (way === "sophia") stepsMs = await rotateOurs(world);
    else await changeInPlace(peer, world, way === "oneSecretServiceFirst" ? "service" : "store");
    const rotationMs = performance.now() - startedAt;
    await systemClock.sleep(Math.max(settleMs, 2 * refreshMs + 500));
    return toOutcome(await load.stop(), { service: peer.service, way, rotationMs, stepsMs });
  } finally {
    await load.stop();
    await refresh.stop();
    await reports.stop();
    await consumer.close();
    await world.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function toOutcome(result: LoadResult, given: Pick<Outcome, "service" | "way" | "rotationMs" | "stepsMs">): Outcome {
  const { calls, failures } = result;
  const p99 = (part: string): number => round(result.parts.get(part)?.p99Ms ?? 0);
  return {
    ...given,
    calls,
    failures,
    p99BeforeMs: p99("before"),
    p99DuringMs: p99("during"),
    rotationMs: Math.round(given.rotationMs),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function combine(outcomes: readonly Outcome[]) {
  const of = (read: (outcome: Outcome) => number): number => median(outcomes.map(read));
  const steps = Object.keys(outcomes[0]?.stepsMs ?? {});
  return {
    calls: outcomes.reduce((sum, { calls }) => sum + calls, 0),
    failedCalls: outcomes.reduce((sum, { failures }) => sum + failures, 0),
    p99BeforeMs: of(({ p99BeforeMs }) => p99BeforeMs),
    p99DuringMs: of(({ p99DuringMs }) => p99DuringMs),
    rotationMs: of(({ rotationMs }) => rotationMs),
    ...(steps.length > 0 && {
      stepsMs: Object.fromEntries(steps.map((step) => [step, of(({ stepsMs }) => stepsMs[step] ?? 0)])),
    }),
  };
}

const outcomes: Outcome[] = [];
for (const service of ["postgresql", "redis"] as const) {
  const peer = await startRotationPeer(service);
  if (!peer) continue;
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const way of ways) outcomes.push(await measure(peer, way));
  }
  await peer.stop();
}
const services = [...new Set(outcomes.map(({ service }) => service))];
const report = Object.fromEntries(
  services.map((service) => [
    service,
    Object.fromEntries(
      ways.map((way) => [way, combine(outcomes.filter((each) => each.service === service && each.way === way))]),
    ),
  ]),
);
const settings = { callsPerSecond, rounds, refreshMs, seed: Number(values.seed) };
if (values.json) process.stdout.write(`${JSON.stringify({ ...report, settings })}\n`);
else {
  process.stdout.write(
    `${callsPerSecond} calls/s, refresh every ${refreshMs} ms, ${rounds} rounds; times are medians\n\n`,
  );
  for (const [service, rows] of Object.entries(report)) {
    process.stdout.write(`${service.padEnd(24)}   calls  failed  p99 before  p99 during   rotation\n`);
    for (const [way, row] of Object.entries(rows)) {
      const numbers = [
        String(row.calls).padStart(8),
        String(row.failedCalls).padStart(8),
        `${row.p99BeforeMs} ms`.padStart(12),
        `${row.p99DuringMs} ms`.padStart(12),
        `${row.rotationMs} ms`.padStart(11),
      ];
      process.stdout.write(`  ${way.padEnd(22)}${numbers.join("")}\n`);
      if (row.stepsMs)
        process.stdout.write(
          `    ${Object.entries(row.stepsMs)
            .map(([step, ms]) => `${step} ${ms} ms`)
            .join(", ")}\n`,
        );
    }
    process.stdout.write("\n");
  }
}
process.exit(0);
