import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createJobs, type Jobs } from "../../jobs/jobs.ts";
import { systemClock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import { openStore, type Store } from "../../store/store.ts";
import type { RotationPlan, Rotations, RotationStatus } from "../rotation/rotation-types.ts";
import { answerRotationRequests, requestRotation, type RotationRequest } from "./rotation-requests.ts";

const log = pino({ level: "silent" });
const target = {
  environment: { project: "sophia", name: "x" },
  path: "a.b",
  service: "github",
  variable: "GITHUB_TOKEN",
};
const request: RotationRequest = { target, actor: "tok_1", revision: 4, planId: "pl_1" };

let dataDir = "";
let store: Store<CoreTables>;
let asking: Jobs;
let answering: Jobs;
let started: unknown[] = [];
let running: RotationStatus[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "sophia-requests-"));
  store = await openStore<CoreTables>({ dataDir, migrations: [], log });
  asking = createJobs({ store, log, pollMs: 20 });
  answering = createJobs({ store, log, pollMs: 20 });
  started = [];
  running = [];
  const rotations: Pick<Rotations, "plan" | "start" | "status"> = {
    plan: async () => ({ revision: 4, stateVersion: "4:f" }) as RotationPlan,
    async start(...call) {
      started.push(call);
      return { id: "rotation-1" };
    },
    status: async () => running,
  };
  answerRotationRequests(answering, rotations);
  answering.start();
});
afterEach(async () => {
  await answering.stop(1_000);
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function ask(changes: Partial<RotationRequest> = {}, waitMs = 5_000) {
  const options = { clock: systemClock, waitMs, signal: new AbortController().signal };
  return requestRotation(asking, { ...request, ...changes }, options);
}

test("whoever holds the keys begins it, for the caller, once", async () => {
  const first = await ask();
  expect(first).toMatchObject({ rotationId: "rotation-1" });
  expect(await ask()).toEqual(first);
  expect(started).toEqual([[target, "tok_1", { stateVersion: "4:f" }]]);
});

test("an environment that has moved on refuses it", async () => {
  await expect(ask({ revision: 3 })).rejects.toMatchObject({
    kind: "invalid_input",
    hint: expect.stringContaining("changed since"),
  });
  expect(started).toEqual([]);
});

test("one that was begun before a crash is not begun again", async () => {
  running = [{ id: "rotation-0", actor: "tok_1", finishedAt: undefined } as RotationStatus];
  expect(await ask()).toMatchObject({ rotationId: "rotation-0" });
  expect(started).toEqual([]);
});

test("without anybody to begin it, the request waits in the journal", async () => {
  await answering.stop(0);
  const waiting = await ask({}, 100);
  expect(waiting.rotationId).toBeUndefined();
  expect((await asking.get(waiting.requestId))?.state).toBe("queued");
});
