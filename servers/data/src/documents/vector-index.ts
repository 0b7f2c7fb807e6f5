import type { Logger } from "pino";
import type { Index } from "usearch";

export interface Neighbour {
  id: number;
  /** Inner product of unit vectors: 1 is the same direction. */
  score: number;
}

/** Vectors of one model in memory, by the number of their passage. */
export interface VectorIndex {
  readonly size: number;
  readonly method: "exact" | "usearch";
  has(id: number): boolean;
  add(id: number, vector: Float32Array): void;
  /** Best first. `allowed` limits the answer to these ids. */
  search(query: Float32Array, count: number, allowed?: ReadonlySet<number>): Neighbour[];
}

/** Below this a full scan takes some milliseconds and is exact; above it usearch is faster and holds half the bytes. */
export const exactLimit = 10_000;

/** Vectors put into the graph before other work gets its turn; one takes 1 to 5 ms. */
const stepSize = 4;

export type GraphFactory = (dimension: number) => Index;

/** Half precision, inner product. https://unum-cloud.github.io/usearch/javascript */
export async function loadGraphFactory(log: Logger): Promise<GraphFactory | undefined> {
  try {
    const { Index, MetricKind, ScalarKind } = await import("usearch");
    return (dimension) => new Index(dimension, MetricKind.IP, ScalarKind.F16, 16);
  } catch (error) {
    // No prebuilt library for this machine: full scans answer the same, only slower.
    log.warn({ err: error }, "usearch cannot be loaded; similar passages are found by a full scan.");
    return undefined;
  }
}

/**
 * Exact until `exactLimit`, then a graph that is built in small steps between other work; until it has caught up the
 * scan goes on answering.
 */
export function createVectorIndex(options: {
  dimension: number;
  createGraph: GraphFactory | undefined;
  exactLimit?: number;
}): VectorIndex {
  const { dimension, createGraph } = options;
  const limit = options.exactLimit ?? exactLimit;
  const exact = createMatrix(dimension);
  let building: Index | undefined;
  let graph: Index | undefined;
  const inGraph = new Set<number>();

  function buildStep(): void {
    if (!building) return;
    for (const [id, vector] of exact.slice(inGraph.size, stepSize)) {
      building.add(BigInt(id), vector, 1);
      inGraph.add(id);
    }
    if (inGraph.size < exact.size) {
      setImmediate(buildStep).unref();
      return;
    }
    graph = building;
    building = undefined;
    exact.clear();
  }

  return {
    get size() {
      return graph ? inGraph.size : exact.size;
    },
    get method() {
      return graph ? "usearch" : "exact";
    },
    has: (id) => exact.has(id) || inGraph.has(id),
    add(id, vector) {
      if (exact.has(id) || inGraph.has(id)) return;
      if (graph) {
        graph.add(BigInt(id), vector, 1);
        inGraph.add(id);
        return;
      }
      exact.add(id, vector);
      if (exact.size > limit && createGraph && !building) {
        building = createGraph(dimension);
        setImmediate(buildStep).unref();
      }
    },
    search(query, count, allowed) {
      if (!graph) return exact.search(query, count, allowed);
      return searchGraph(graph, query, { count, allowed, size: inGraph.size });
    },
  };
}

/** The graph knows no filter: it is asked for more, and what is allowed is kept. */
function searchGraph(
  graph: Index,
  query: Float32Array,
  { count, allowed, size }: { count: number; allowed: ReadonlySet<number> | undefined; size: number },
): Neighbour[] {
  const wanted = Math.min(size, allowed ? Math.max(2_000, count * 20) : count);
  if (wanted === 0) return [];
  const matches = graph.search(query, wanted, 1);
  const found: Neighbour[] = [];
  for (const [position, key] of matches.keys.entries()) {
    const id = Number(key);
    if (allowed && !allowed.has(id)) continue;
    found.push({ id, score: 1 - (matches.distances[position] ?? 1) });
    if (found.length === count) break;
  }
  return found;
}

interface Matrix {
  readonly size: number;
  has(id: number): boolean;
  add(id: number, vector: Float32Array): void;
  clear(): void;
  /** Up to `count` vectors, from the `start`th that was added. */
  slice(start: number, count: number): [number, Float32Array][];
  search(query: Float32Array, count: number, allowed?: ReadonlySet<number>): Neighbour[];
}

function createMatrix(dimension: number): Matrix {
  let ids: number[] = [];
  let positions = new Map<number, number>();
  let values = new Float32Array(0);

  function score(position: number, query: Float32Array): number {
    const start = position * dimension;
    let sum = 0;
    for (let index = 0; index < dimension; index += 1) sum += (values[start + index] ?? 0) * (query[index] ?? 0);
    return sum;
  }

  return {
    get size() {
      return ids.length;
    },
    has: (id) => positions.has(id),
    add(id, vector) {
      const start = ids.length * dimension;
      if (start + dimension > values.length) {
        const grown = new Float32Array(Math.max(dimension * 64, values.length * 2));
        grown.set(values);
        values = grown;
      }
      values.set(vector, start);
      positions.set(id, ids.length);
      ids.push(id);
    },
    clear() {
      ids = [];
      positions = new Map();
      values = new Float32Array(0);
    },
    slice: (start, count) =>
      ids.slice(start, start + count).map((id, offset) => {
        const position = start + offset;
        return [id, values.slice(position * dimension, (position + 1) * dimension)];
      }),
    search(query, count, allowed) {
      const found: Neighbour[] = [];
      for (const [position, id] of ids.entries()) {
        if (!allowed || allowed.has(id)) found.push({ id, score: score(position, query) });
      }
      return found.toSorted((left, right) => right.score - left.score).slice(0, count);
    },
  };
}
