import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ByteMatrix, createByteMatrix, toByteVector } from "@sophia/core/cache/byte-matrix";
import { createSemanticCache } from "@sophia/core/cache/create-semantic-cache";
import { createEntryRows, toVectorColumns } from "@sophia/core/cache/entry-rows";
import { createEntryShelf, type EntryShelf, exactLimit, type ShelfEntry } from "@sophia/core/cache/entry-shelf";
import { readSlots } from "@sophia/core/cache/guard/slot-guard";
import { findMatch, neighbourCount } from "@sophia/core/cache/match-score";
import { semanticMigrations, type SemanticTables } from "@sophia/core/cache/semantic-tables";
import { systemClock } from "@sophia/core/limits/clock";
import { openStore } from "@sophia/core/store/store";
import { pino } from "pino";
import { loadCacheGraph } from "../../src/domain/cache-graph.ts";
import type { Requests } from "./matcher.ts";
import { createRandom } from "./read-sets.ts";

export interface Latency {
  method: string;
  entries: number;
  dimension: number;
  p50Ms: number;
  p99Ms: number;
  /** Wall time depends on what else the machine does, CPU time of the thread does not. Mean: its clock is coarse. */
  cpuMs: number;
  /** Part of the ten nearest that comparing all would find. */
  recall?: number;
  buildCpuSeconds?: number;
  rssMb?: number;
}

const log = pino({ level: "silent" });
const lookups = 1_000;
/** Look-ups whose neighbours are compared with the exact ones. */
const compared = 100;
/** Numbers of the vectors that are asked for; those kept are below. */
const asked = 2 ** 30;

/** Whole look-ups, guard and store included, in one partition of an embedded cache; the vector is at hand. */
export async function measureStored(requests: Requests, entries: number): Promise<Latency> {
  const dataDir = await mkdtemp(join(tmpdir(), "sophia-bench-cache-"));
  const store = await openStore<SemanticTables>({ dataDir, migrations: [semanticMigrations], log });
  const now = Date.now();
  const rows = Array.from({ length: entries }, (_, index) => {
    const vector = toByteVector(mix(requests.vectors, index));
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
  const prepare = (index: number) => {
    const at = (index * 37) % requests.texts.length;
    const vector = mix(requests.vectors, index + entries);
    const question = { partition: "p", category: "c", modelId: "m", text: requests.texts[at]!, vector };
    return () => cache.lookup(question, { strength: 1 });
  };
  for (let index = 0; index < 100; index += 1) await prepare(index)();
  const result = await measure(prepare);
  await cache.close();
  await store.close();
  await rm(dataDir, { recursive: true });
  return { method: "exact, whole look-up", entries, dimension: requests.vectors[0]!.length, ...result };
}

/**
 * Search, score and guard in one partition in memory that grows to each of `sizes`, by the graph above the limit; vectors
 * as in {@link mix}. Each row is told on stderr when it is known: the largest sizes take long to build.
 */
export async function measureShelf(requests: Requests, sizes: readonly number[]): Promise<Latency[]> {
  const createGraph = await loadCacheGraph(log);
  if (!createGraph) return [];
  const dimension = requests.vectors[0]!.length;
  const shelf = createEntryShelf({ dimension, createGraph });
  const matrix = createByteMatrix(dimension);
  const rows: Latency[] = [];
  let buildMs = 0;
  for (const size of sizes) {
    const before = process.threadCpuUsage();
    for (let index = shelf.size; index < size; index += 1) {
      const vector = toByteVector(mix(requests.vectors, index));
      shelf.add(createEntry(requests, index), vector);
      matrix.add(vector);
      // The graph is built between other work.
      if (index % 4 === 0) await nextTurn();
    }
    while (size > exactLimit && shelf.method !== "usearch") await nextTurn();
    const { user, system } = process.threadCpuUsage(before);
    buildMs += (user + system) / 1000;
    const row: Latency = {
      method: `${shelf.method}, search and guard`,
      entries: size,
      dimension,
      ...(await measureSearch(requests, shelf)),
      recall: measureRecall(requests, shelf, matrix),
      buildCpuSeconds: Math.round(buildMs / 1000),
      // The second copy of the vectors is the benchmark's own.
      rssMb: Math.round((process.memoryUsage().rss - size * dimension) / 1e6),
    };
    process.stderr.write(`${JSON.stringify(row)}\n`);
    rows.push(row);
  }
  return rows;
}

function createEntry({ texts }: Requests, index: number): Omit<ShelfEntry, "slots"> {
  const times = { createdAt: 0, expiresAt: Infinity, removed: false, checks: 0, wrongChecks: 0 };
  const text = texts[index % texts.length]!;
  return { id: String(index), category: "c", text, answerGroup: String(index % 200), strength: 1, tags: [], ...times };
}

async function measureSearch({ texts, vectors }: Requests, shelf: EntryShelf) {
  return await measure((index) => {
    const vector = mix(vectors, asked + index);
    const text = texts[(index * 37) % texts.length]!;
    return () => {
      const found = shelf.nearest(vector, neighbourCount, () => true);
      return findMatch(
        readSlots(text),
        found.map(({ entry, similarity }) => ({ ...entry, similarity, servable: true })),
      );
    };
  });
}

function measureRecall({ vectors }: Requests, shelf: EntryShelf, matrix: ByteMatrix): number {
  let same = 0;
  for (let index = 0; index < compared; index += 1) {
    const vector = mix(vectors, asked + index);
    const exact = new Set(matrix.search(vector, neighbourCount, () => false).map(({ row }) => String(row)));
    same += shelf.nearest(vector, neighbourCount, () => true).filter(({ entry }) => exact.has(entry.id)).length;
  }
  return Number((same / (compared * neighbourCount)).toFixed(3));
}

/** `prepare` makes the look-up of that number; making it is not measured. */
async function measure(prepare: (index: number) => () => unknown): Promise<Pick<Latency, "p50Ms" | "p99Ms" | "cpuMs">> {
  const times: number[] = [];
  let cpuMs = 0;
  for (let index = 0; index < lookups; index += 1) {
    const ask = prepare(index);
    const before = process.threadCpuUsage();
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
    const { user, system } = process.threadCpuUsage(before);
    cpuMs += (user + system) / 1000;
  }
  times.sort((left, right) => left - right);
  const round = (value: number) => Number(value.toFixed(2));
  const at = (part: number) => round(times[Math.floor(lookups * part)] ?? 0);
  return { p50Ms: at(0.5), p99Ms: at(0.99), cpuMs: round(cpuMs / lookups) };
}

/**
 * The vector of a question between two real ones, nearer to the first, with a little noise: so there are as many as are
 * wanted, spread as real ones are. The same for the same number.
 */
function mix(vectors: readonly Float32Array[], number: number): Float32Array {
  const random = createRandom(number + 1);
  const first = vectors[Math.floor(random() * vectors.length)]!;
  const second = vectors[Math.floor(random() * vectors.length)]!;
  const weight = random() * 0.6;
  const mixed = first.map((value, index) => value + weight * (second[index] ?? 0));
  for (let step = 0; step < 48; step += 1) mixed[Math.floor(random() * mixed.length)]! += (random() - 0.5) * 0.08;
  let square = 0;
  for (const value of mixed) square += value * value;
  const length = Math.sqrt(square);
  for (let index = 0; index < mixed.length; index += 1) mixed[index]! /= length;
  return mixed;
}
