import { narrowStore, type Store } from "@sophia/core/store/store";
import type { TraceTables } from "../traces/trace-tables.ts";
import { readSketch } from "../traces/vector-sketch.ts";

/** One freshly answered call, as far as quality is read from it. */
export interface QualityCall {
  at: number;
  /** The provider failed or broke off; what the caller did wrong does not count. */
  failed: boolean;
  refusal: boolean;
  totalMs: number;
  firstTokenMs: number | undefined;
  answerCharacters: number;
  finishReason: string;
  category: string;
  /** Where the question lies; comparable within one embedding model only. */
  sketch: { model: string; vector: Float32Array } | undefined;
}

export interface QualityScore {
  at: number;
  kind: "human" | "model";
  score: number;
}

/** What is known of one model at one service in one period, the oldest first. */
export interface ModelPeriod {
  model: string;
  service: string;
  calls: QualityCall[];
  scores: QualityScore[];
}

export interface PeriodQuestion {
  from: number;
  until: number;
  model?: string;
}

/** Enough for any test here to find what matters; more only takes time. */
const maxCalls = 10_000;
const maxScores = 10_000;
/** Failures that say something about the provider. */
const providerFailures = new Set(["timeout", "upstream", "unavailable", "rate_limited", "internal"]);

/** The newest 10,000 chat calls that a model answered in the period, and what was thought of answers. By model and service. */
export async function loadPeriod<Tables extends TraceTables>(
  given: Store<Tables>,
  question: PeriodQuestion,
): Promise<Map<string, ModelPeriod>> {
  const store: Store<TraceTables> = narrowStore(given);
  const periods = new Map<string, ModelPeriod>();
  const periodOf = ({ model, service }: { model: string; service: string }): ModelPeriod => {
    const key = `${service}/${model}`;
    const known = periods.get(key) ?? { model, service, calls: [], scores: [] };
    periods.set(key, known);
    return known;
  };
  for (const row of (await selectCalls(store, question)).toReversed()) periodOf(row).calls.push(toCall(row));
  for (const row of await selectScores(store, question)) {
    const { at, kind, score } = row;
    if (score !== null && kind !== "code") periodOf(row).scores.push({ at, kind, score });
  }
  return periods;
}

async function selectCalls({ db }: Store<TraceTables>, { from, until, model }: PeriodQuestion) {
  const columns = ["at", "model", "service", "outcome", "error_kind", "refusal", "total_ms", "first_token_ms"] as const;
  let query = db
    .selectFrom("ai_traces")
    .select([...columns, "answer_characters", "finish_reason", "category", "sketch", "sketch_model"])
    .where("at", ">=", from)
    .where("at", "<", until)
    .where("operation", "=", "chat")
    // Our own evaluations ask what nobody else asks; an answer from the cache says nothing of the model today.
    .where("origin", "!=", "internal")
    .where("cache", "in", ["miss", "bypass"])
    .where("outcome", "!=", "cancelled")
    .where("model", "!=", "");
  if (model !== undefined) query = query.where("model", "=", model);
  return await query.orderBy("at", "desc").limit(maxCalls).execute();
}

function toCall(row: Awaited<ReturnType<typeof selectCalls>>[number]): QualityCall {
  return {
    at: row.at,
    failed: row.outcome === "partial" || (row.outcome === "error" && providerFailures.has(row.error_kind ?? "")),
    refusal: row.refusal === 1,
    totalMs: row.total_ms,
    firstTokenMs: row.first_token_ms ?? undefined,
    answerCharacters: row.answer_characters,
    finishReason: row.finish_reason ?? "none",
    category: row.category,
    sketch: row.sketch === null ? undefined : { model: row.sketch_model ?? "", vector: readSketch(row.sketch) },
  };
}

async function selectScores({ db }: Store<TraceTables>, { from, until, model }: PeriodQuestion) {
  let query = db
    .selectFrom("ai_annotations as said")
    .innerJoin("ai_traces as trace", "trace.request_id", "said.request_id")
    .select(["said.at", "said.kind", "said.score", "trace.model", "trace.service"])
    .where("said.at", ">=", from)
    .where("said.at", "<", until)
    .where("said.score", "is not", null);
  if (model !== undefined) query = query.where("trace.model", "=", model);
  return await query.orderBy("said.at").limit(maxScores).execute();
}
