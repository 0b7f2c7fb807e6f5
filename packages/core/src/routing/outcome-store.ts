import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import type { FamilyScore, PastRequest } from "./outcome.ts";
import type { RouteTables } from "./route-tables.ts";
import { formatVector, parseVector } from "./vector-text.ts";

export type OutcomeSource = "feedback" | "judge" | "comparison" | "regenerated";

export interface JudgedOutcome extends Omit<PastRequest, "scores"> {
  score: FamilyScore;
  source: OutcomeSource;
}

/** Judged outcomes, durable and shared between processes. Bounded: the oldest go. */
export interface OutcomeStore {
  /**
   * Adds a verdict; of two on the same answer the one that is trusted more stays, of equals the later. Resolves with
   * the request as it now stands.
   */
  save(outcome: JudgedOutcome): Promise<PastRequest>;
  /** What has changed since the last call, oldest first, a page at a time; at first the newest that are kept. */
  readChanges(take: (past: PastRequest) => void): Promise<void>;
  /** Drops what is beyond the bound. */
  prune(): Promise<void>;
}

const rowsAtOnce = 500;
/** Clocks of two machines differ, and a transaction commits after it took its time. */
const overlapMs = 30_000;

type Tables = RouteTables;

interface Place {
  changed_at: number;
  id: string;
}

export function createOutcomeStore(options: {
  store: Store<Tables>;
  clock: Clock;
  maxRequests?: number;
}): OutcomeStore {
  const { store, clock, maxRequests = 20_000 } = options;
  let readUntil = -Infinity;

  return {
    async save(outcome) {
      await write(store, outcome, clock.now());
      const { id, at, category } = outcome;
      const rows = await store.db.selectFrom("route_requests").selectAll().where("id", "=", id).execute();
      const [past] = await withScores(store, rows);
      return past ?? { id, at, category, scores: [outcome.score] };
    },

    async readChanges(take) {
      const isFirst = readUntil === -Infinity;
      const since = isFirst ? await findOldestKept(store, maxRequests) : readUntil - overlapMs;
      let last: Place | undefined = { changed_at: since, id: "" };
      while (last) {
        const rows = await readPage(store, last);
        for (const past of await withScores(store, rows)) take(past);
        const end = rows.at(-1);
        readUntil = Math.max(readUntil, end?.changed_at ?? since);
        last = rows.length < rowsAtOnce ? undefined : end;
      }
    },

    async prune() {
      const oldest = await store.db
        .selectFrom("route_requests")
        .select("at")
        .orderBy("at", "desc")
        .offset(maxRequests)
        .limit(1)
        .executeTakeFirst();
      if (!oldest) return;
      const over = store.db.selectFrom("route_requests").select("id").where("at", "<=", oldest.at);
      await store.db.deleteFrom("route_scores").where("request_id", "in", over).execute();
      await store.db.deleteFrom("route_requests").where("at", "<=", oldest.at).execute();
    },
  };
}

function write(store: Store<Tables>, outcome: JudgedOutcome, now: number): Promise<void> {
  const { id, at, category, vector, embeddingModelId = "", source } = outcome;
  const { family, score, trust } = outcome.score;
  const verdict = { score, trust, source };
  const text = vector ? formatVector(vector) : "";
  const row = { id, at, changed_at: now, category, embedding_model_id: embeddingModelId, vector: text };
  return store.transaction(async (tx) => {
    const insert = tx.insertInto("route_requests").values(row);
    await insert.onConflict((conflict) => conflict.column("id").doUpdateSet({ changed_at: now })).execute();
    await tx
      .insertInto("route_scores")
      .values({ request_id: id, family, ...verdict })
      .onConflict((conflict) =>
        conflict.columns(["request_id", "family"]).doUpdateSet(verdict).where("route_scores.trust", "<=", trust),
      )
      .execute();
  });
}

function readPage(store: Store<Tables>, { changed_at: at, id }: Place): Promise<Tables["route_requests"][]> {
  return store.db
    .selectFrom("route_requests")
    .selectAll()
    .where(({ or, and, eb }) => or([eb("changed_at", ">", at), and([eb("changed_at", "=", at), eb("id", ">", id)])]))
    .orderBy("changed_at")
    .orderBy("id")
    .limit(rowsAtOnce)
    .execute();
}

async function withScores(store: Store<Tables>, rows: readonly Tables["route_requests"][]): Promise<PastRequest[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const found = await store.db.selectFrom("route_scores").selectAll().where("request_id", "in", ids).execute();
  const scoresOf = Map.groupBy(found, ({ request_id }) => request_id);
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    category: row.category,
    ...(row.vector !== "" && { vector: parseVector(row.vector), embeddingModelId: row.embedding_model_id }),
    scores: (scoresOf.get(row.id) ?? []).map(({ family, score, trust }) => ({ family, score, trust })),
  }));
}

async function findOldestKept(store: Store<Tables>, count: number): Promise<number> {
  const row = await store.db
    .selectFrom("route_requests")
    .select("changed_at")
    .orderBy("changed_at", "desc")
    .offset(count)
    .limit(1)
    .executeTakeFirst();
  return row?.changed_at ?? 0;
}
