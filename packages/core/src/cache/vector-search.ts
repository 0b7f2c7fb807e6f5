import { sql } from "kysely";
import type { EntryRow } from "./entry-rows.ts";

/** The statements that search the vectors of PostgreSQL. */

export interface VectorPlace {
  partition: string;
  modelId: string;
  category: string;
  dimension: number;
}

/** All of an entry that a look-up needs but its answer. */
export type FoundRow = Omit<EntryRow, "vector" | "vector_scale" | "value" | "partition" | "model_id"> & {
  /** Inner product with the question. */
  similarity: number;
};

/** Candidates that the graph follows at once: more find more, and take longer. */
const graphBreadth = 200;
const widestBreadth = 1_000;

/** `limit` counts removed entries too, which keep their vectors until the next sweep. */
export function buildSearch(
  search: VectorPlace & { vector: Float32Array; now: number; limit: number; byGraph: boolean },
) {
  const distance = search.byGraph ? toGraphDistance(search) : toExactDistance(search);
  return sql<FoundRow>`
    with near as materialized (
      select v.id, ${distance} as distance from semantic_vectors v
      where ${isIn(search)} and v.expires_at > ${search.now} and ${tagsHold}
      order by 2 limit ${search.limit}
    )
    select e.id, e.category, e.text, e.answer_group, e.strength, e.tags, e.bytes, e.created_at, e.expires_at,
      e.last_used_at, e.changed_at, e.removed_at, e.checks, e.wrong_checks, -near.distance as similarity
    from near join semantic_entries e on e.id = near.id order by near.distance, e.id`;
}

/**
 * For one transaction. Sorting is off because the planner would rather sort a partition than follow the graph; it then
 * thinks the statement so costly that it would compile it.
 */
export function buildGraphSettings({ limit, iterates }: { limit: number; iterates: boolean }) {
  const breadth = String(Math.min(widestBreadth, Math.max(graphBreadth, limit)));
  const iteration = iterates ? sql`, set_config('hnsw.iterative_scan', 'relaxed_order', true)` : sql``;
  return sql`select set_config('enable_sort', 'off', true), set_config('jit', 'off', true), set_config('hnsw.ef_search', ${breadth}, true) ${iteration}`;
}

/** The addition keeps the planner from the graph, which may find fewer than there are. */
function toExactDistance({ vector }: { vector: Float32Array }) {
  return sql`((v.embedding <#> ${toText(vector)}::halfvec) + 0)`;
}

function toGraphDistance({ vector, dimension }: { vector: Float32Array; dimension: number }) {
  const type = sql.raw(`halfvec(${dimension})`);
  return sql`(v.embedding::${type} <#> ${toText(vector)}::${type})`;
}

export const isOf = ({ partition, modelId, dimension }: VectorPlace) =>
  sql`v.partition = ${partition} and v.model_id = ${modelId} and v.dimension = ${sql.lit(dimension)}`;

export const isIn = (place: VectorPlace) => sql`${isOf(place)} and v.category = ${place.category}`;

/** As TagEpochs has it: a tag without a row was not raised, or so long ago that all is newer. */
const tagsHold = sql`(v.tags = '[]' or not exists (
  select 1 from jsonb_array_elements(v.tags::jsonb) as noted
  join semantic_tags t on t.tag = noted ->> 0 where t.epoch > (noted ->> 1)::bigint))`;

export function toText(vector: Float32Array): string {
  return `[${vector.join(",")}]`;
}
