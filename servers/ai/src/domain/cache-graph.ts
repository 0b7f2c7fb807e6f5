import type { EntryGraph, GraphFactory } from "@sophia/core/cache/entry-graph";
import type { Logger } from "pino";
import type { Index } from "usearch";

/** Half precision, inner product; `undefined` where the library cannot be loaded. https://unum-cloud.github.io/usearch/javascript */
export async function loadCacheGraph(log: Logger): Promise<GraphFactory | undefined> {
  try {
    const { Index, MetricKind, ScalarKind } = await import("usearch");
    return (dimension) => toGraph(new Index(dimension, MetricKind.IP, ScalarKind.F16, 16));
  } catch (error) {
    log.warn({ err: error }, "usearch cannot be loaded; large partitions of the cache are scanned whole");
    return undefined;
  }
}

function toGraph(index: Index): EntryGraph {
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(row, vector) {
      index.add(BigInt(row), vector, 1);
      size += 1;
    },
    search(query, count) {
      const wanted = Math.min(count, size);
      if (wanted === 0) return [];
      const { keys, distances } = index.search(query, wanted, 1);
      return Array.from(keys, (key, position) => ({ row: Number(key), score: 1 - (distances[position] ?? 1) }));
    },
  };
}
