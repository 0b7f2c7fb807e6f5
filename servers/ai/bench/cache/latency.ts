import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toByteVector } from "@sophia/core/cache/byte-matrix";
import { createSemanticCache } from "@sophia/core/cache/create-semantic-cache";
import { createEntryRows, toVectorColumns } from "@sophia/core/cache/entry-rows";
import { createEntryShelf } from "@sophia/core/cache/entry-shelf";
import { readSlots } from "@sophia/core/cache/guard/slot-guard";
import { findMatch, neighbourCount } from "@sophia/core/cache/match-score";
import { semanticMigrations, type SemanticTables } from "@sophia/core/cache/semantic-tables";
import { systemClock } from "@sophia/core/limits/clock";
import { openStore } from "@sophia/core/store/store";
import { pino } from "pino";
import { loadCacheGraph } from "../../src/domain/cache-graph.ts";
import type { Requests } from "./matcher.ts";

export interface Latency {
  method: string;
  entries: number;
  dimension: number;
  p50Ms: number;
  p99Ms: number;
  /** Wall time depends on what else the machine does; this does not. */
  cpuMs: number;
  buildSeconds?: number;
}

const log = pino({ level: "silent" });
const lookups = 400;

/** Whole look-ups, guard and store included, in one partition of an embedded cache; the vector is at hand. */
export async function measureStored(requests: Requests, entries: number): Promise<Latency> {
  const dataDir = await mkdtemp(join(tmpdir(), "sophia-bench-cache-"));
  const store = await openStore<SemanticTables>({ dataDir, migrations: [semanticMigrations], log });
  const now = Date.now();
  const rows = Array.from({ length: entries }, (_, index) => {
    const vector = toByteVector(disturb(requests.vectors[index % requests.vectors.length]!, index));
    const times = { created_at: now, expires_at: now + 1e9, last_used_at: now, changed_at: now, removed_at: null };
    return {
      id: randomUUID(),
      partition: "p",
      category: "c",
      model_id: "m",
      text: requests.texts[index % requests.texts.length]!,
      ...toVectorColumns(vector),
      value: "an answer",
      answer_group: String(index % 200),
      strength: 1,
      tags: "[]",
      bytes: 4_000,
      ...times,
      checks: 0,
      wrong_checks: 0,
    };
  });
  await createEntryRows(store).insert(rows);
  const cache = createSemanticCache({ store, clock: systemClock, log });
  const ask = async (index: number) => {
    const at = (index * 37) % requests.texts.length;
    const vector = disturb(requests.vectors[at]!, index + entries);
    const question = { partition: "p", category: "c", modelId: "m", text: requests.texts[at]!, vector };
    const started = performance.now();
    await cache.lookup(question, { strength: 1 });
    return performance.now() - started;
  };
  for (let index = 0; index < 100; index += 1) await ask(index);
  const result = await measure(ask);
  await cache.close();
  await store.close();
  await rm(dataDir, { recursive: true });
  return { method: "exact, whole look-up", entries, dimension: requests.vectors[0]!.length, ...result };
}

/** Search, score and guard over a graph; vectors around the real ones. */
export async function measureGraph(requests: Requests, entries: number): Promise<Latency | undefined> {
  const createGraph = await loadCacheGraph(log);
  if (!createGraph) return undefined;
  const dimension = requests.vectors[0]!.length;
  const started = performance.now();
  const shelf = createEntryShelf({ dimension, createGraph, exactLimit: 1_000 });
  for (let index = 0; index < entries; index += 1) {
    const vector = toByteVector(disturb(requests.vectors[index % requests.vectors.length]!, index));
    const times = { createdAt: 0, expiresAt: Infinity, removed: false, checks: 0, wrongChecks: 0 };
    const text = requests.texts[index % requests.texts.length]!;
    shelf.add(
      { id: String(index), category: "c", text, answerGroup: String(index % 200), strength: 1, tags: [], ...times },
      vector,
    );
    if (index % 20_000 === 0) process.stderr.write(`entry ${index} of ${entries} …\n`);
  }
  while (shelf.method !== "usearch") await new Promise((resolve) => setImmediate(resolve));
  const buildSeconds = Math.round((performance.now() - started) / 1000);
  const result = await measure(async (index) => {
    const at = (index * 37) % requests.texts.length;
    const vector = disturb(requests.vectors[at]!, index + entries);
    const began = performance.now();
    const found = shelf.nearest(vector, neighbourCount, () => true);
    findMatch(
      readSlots(requests.texts[at]!),
      found.map(({ entry, similarity }) => ({ ...entry, similarity, servable: true })),
    );
    return performance.now() - began;
  });
  return { method: "usearch f16, search and guard", entries, dimension, ...result, buildSeconds };
}

async function measure(ask: (index: number) => Promise<number>): Promise<Pick<Latency, "p50Ms" | "p99Ms" | "cpuMs">> {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let index = 0; index < lookups; index += 1) times.push(await ask(index));
  const { user, system } = process.cpuUsage(before);
  times.sort((left, right) => left - right);
  const round = (value: number) => Number(value.toFixed(2));
  return {
    p50Ms: round(times[lookups >> 1] ?? 0),
    p99Ms: round(times[Math.floor(lookups * 0.99)] ?? 0),
    cpuMs: round((user + system) / 1000 / lookups),
  };
}

/** The same vector with a little noise: another question of the same kind. */
function disturb(vector: Float32Array, seed: number): Float32Array {
  const changed = vector.slice();
  for (let step = 0; step < 48; step += 1) {
    const index = Math.imul(seed * 48 + step + 1, 0x9e3779b1) >>> 0;
    changed[index % changed.length]! += ((index >>> 8) / 2 ** 24 - 0.5) * 0.08;
  }
  const length = Math.hypot(...changed);
  for (let index = 0; index < changed.length; index += 1) changed[index]! /= length;
  return changed;
}
