import { randomUUID } from "node:crypto";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { AiAnnotationsTable, TraceTables } from "./trace-tables.ts";

/** What somebody thought of the answer to one request. */
export interface Annotation {
  requestId: string;
  /** When it was said, wall clock, ms. */
  at: number;
  /** What was judged: `feedback`, or the name of a rubric. */
  name: string;
  kind: "human" | "model" | "code";
  /** Caller id, or the model or program that judged. */
  author: string;
  /** 0 to 1, higher is better. */
  score?: number;
  label?: string;
  explanation?: string;
  /** What the answer should have been. */
  correction?: string;
}

/** Writes it, in place of what the same author said of the same thing before. */
export async function writeAnnotation<Tables extends TraceTables>(
  given: Store<Tables>,
  said: Annotation,
): Promise<void> {
  const store: Store<TraceTables> = narrowStore(given);
  const opinion = {
    at: said.at,
    kind: said.kind,
    score: said.score ?? null,
    label: said.label ?? null,
    explanation: said.explanation ?? null,
    correction: said.correction ?? null,
  };
  await store.db
    .insertInto("ai_annotations")
    .values({ id: randomUUID(), request_id: said.requestId, name: said.name, author: said.author, ...opinion })
    .onConflict((conflict) => conflict.columns(["request_id", "name", "author"]).doUpdateSet(opinion))
    .execute();
}

/** The oldest first. */
export async function listAnnotations<Tables extends TraceTables>(
  given: Store<Tables>,
  requestIds: readonly string[],
): Promise<Annotation[]> {
  if (requestIds.length === 0) return [];
  const store: Store<TraceTables> = narrowStore(given);
  const rows = await store.db
    .selectFrom("ai_annotations")
    .selectAll()
    .where("request_id", "in", requestIds)
    .orderBy("at")
    .limit(5_000)
    .execute();
  return rows.map(toAnnotation);
}

function toAnnotation(row: AiAnnotationsTable): Annotation {
  return {
    requestId: row.request_id,
    at: row.at,
    name: row.name,
    kind: row.kind,
    author: row.author,
    ...(row.score !== null && { score: row.score }),
    ...(row.label !== null && { label: row.label }),
    ...(row.explanation !== null && { explanation: row.explanation }),
    ...(row.correction !== null && { correction: row.correction }),
  };
}
