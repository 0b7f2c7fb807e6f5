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

export function createOutcomeStore(options: {
  store: Store<Tables>;
  clock: Clock;
  maxRequests?: number;
}): OutcomeStore {
  const { store, clock, maxRequests = 20_000 } = options;
  let readUntil = -Infinity;

  async function withScores(rows: readonly Tables["route_requests"][]): Promise<PastRequest[]> {
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const scores = await store.db.selectFrom("route_scores").selectAll().where("request_id", "in", ids).execute();
    return rows.map((row) => ({
      id: row.id,
      at: row.at,
      category: row.category,
      ...(row.vector !== "" && { vector: parseVector(row.vector), embeddingModelId: row.embedding_model_id }),
      scores: scores
        .filter(({ request_id }) => request_id === row.id)
        .map(({ family, score, trust }) => ({ family, score, trust })),
    }));
  }

  return {
    async save(outcome) {
      const { id, at, category, vector, embeddingModelId = "", source } = outcome;
      const now = clock.now();
      await store.transaction(async (tx) => {
        const text = vector ? formatVector(vector) : "";
        const row = { id, at, changed_at: now, category, embedding_model_id: embeddingModelId, vector: text };
        const insert = tx.insertInto("route_requests").values(row);
        await insert.onConflict((conflict) => conflict.column("id").doUpdateSet({ changed_at: now })).execute();
        const { family, score, trust } = outcome.score;
        const verdict = { score, trust, source };
        await tx
          .insertInto("route_scores")
          .values({ request_id: id, family, ...verdict })
          .onConflict((conflict) =>
            conflict.columns(["request_id", "family"]).doUpdateSet(verdict).where("route_scores.trust", "<=", trust),
          )
          .execute();
      });
      const rows = await store.db.selectFrom("route_requests").selectAll().where("id", "=", id).execute();
      const [past] = await withScores(rows);
      return past ?? { id, at, category, scores: [outcome.score] };
    },

    async readChanges(take) {
      const isFirst = readUntil === -Infinity;
      const since = isFirst ? await findOldestKept(store, maxRequests) : readUntil - overlapMs;
      let last = { changed_at: since, id: "" };
      for (;;) {
        const { changed_at: at, id } = last;
        const rows = await store.db
          .selectFrom("route_requests")
          .selectAll()
          .where(({ or, and, eb }) =>
            or([eb("changed_at", ">", at), and([eb("changed_at", "=", at), eb("id", ">", id)])]),
          )
          .orderBy("changed_at")
          .orderBy("id")
          .limit(rowsAtOnce)
          .execute();
        for (const past of await withScores(rows)) take(past);
        const end = rows.at(-1);
        if (!end) break;
        last = end;
        readUntil = Math.max(readUntil, end.changed_at);
        if (rows.length < rowsAtOnce) break;
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
