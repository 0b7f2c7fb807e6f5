import type { Transaction } from "kysely";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { AiEvaluationItemsTable, AiEvaluationsTable, EvaluationTables } from "./evaluation-tables.ts";
import { EvaluationSpec } from "./evaluation-spec.ts";

export interface Evaluation {
  id: string;
  name: string;
  itemsHash: string;
  caller: string;
  spec: EvaluationSpec;
  state: AiEvaluationsTable["state"];
  reason: string | undefined;
  createdAt: number;
  finishedAt: number | undefined;
}

export interface ItemResult {
  model: string;
  item: number;
  requestId: string;
  answer: string;
  score: number | undefined;
  explanation: string | undefined;
  answerUsd: number;
  judgeUsd: number;
  totalMs: number;
  error: string | undefined;
}

export interface EvaluationStore {
  create(evaluation: Pick<Evaluation, "id" | "itemsHash" | "spec" | "createdAt">): Promise<void>;
  get(id: string): Promise<Evaluation | undefined>;
  /** The newest finished run of the same items before that time. */
  findEarlier(run: Pick<Evaluation, "itemsHash" | "createdAt" | "spec">): Promise<Evaluation | undefined>;
  addResult(id: string, result: ItemResult): Promise<void>;
  results(id: string): Promise<ItemResult[]>;
  /** What was asked and answered is kept from now on as `keepText` leaves it. */
  finish(id: string, end: { state: "done" | "stopped"; reason?: string; at: number }): Promise<void>;
  /** Removes runs that began before that time; returns how many. */
  prune(before: number): Promise<number>;
}

const nanoPerUsd = 1e9;

const prunedAtOnce = 200;

/** @param keepText what is left of a text once its run has ended. */
export function createEvaluationStore<Tables extends EvaluationTables>(
  given: Store<Tables>,
  keepText: (text: string) => string,
): EvaluationStore {
  const store: Store<EvaluationTables> = narrowStore(given);
  const { db } = store;
  return {
    async create({ id, itemsHash, spec, createdAt }) {
      const facts = { id, name: spec.name, items_hash: itemsHash, caller: spec.caller.id, created_at: createdAt };
      await db
        .insertInto("ai_evaluations")
        .values({ ...facts, spec: JSON.stringify(spec), state: "running", reason: null, finished_at: null })
        .execute();
    },
    async get(id) {
      const row = await db.selectFrom("ai_evaluations").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toEvaluation(row);
    },
    async findEarlier({ itemsHash, createdAt, spec }) {
      const row = await db
        .selectFrom("ai_evaluations")
        .selectAll()
        .where("items_hash", "=", itemsHash)
        .where("caller", "=", spec.caller.id)
        .where("created_at", "<", createdAt)
        .where("state", "=", "done")
        .orderBy("created_at", "desc")
        .limit(1)
        .executeTakeFirst();
      return row && toEvaluation(row);
    },
    async addResult(id, result) {
      await db
        .insertInto("ai_evaluation_items")
        .values(toRow(id, result))
        .onConflict((conflict) => conflict.columns(["evaluation_id", "model", "item"]).doNothing())
        .execute();
    },
    async results(id) {
      const rows = await db
        .selectFrom("ai_evaluation_items")
        .selectAll()
        .where("evaluation_id", "=", id)
        .orderBy("item")
        .orderBy("model")
        .execute();
      return rows.map(toResult);
    },
    finish: (id, end) => store.transaction((tx) => finishRun(tx, id, { ...end, keepText })),
    prune: (before) => store.transaction((tx) => pruneRuns(tx, before)),
  };
}

async function finishRun(
  tx: Transaction<EvaluationTables>,
  id: string,
  {
    state,
    reason,
    at,
    keepText,
  }: { state: "done" | "stopped"; reason?: string; at: number; keepText(text: string): string },
): Promise<void> {
  const run = await tx.selectFrom("ai_evaluations").select("spec").where("id", "=", id).executeTakeFirst();
  if (!run) return;
  const spec = EvaluationSpec.parse(JSON.parse(run.spec));
  const items = spec.items.map(({ prompt, system, expected }) => ({
    prompt: keepText(prompt),
    ...(system !== undefined && { system: keepText(system) }),
    ...(expected !== undefined && { expected: keepText(expected) }),
  }));
  await tx
    .updateTable("ai_evaluations")
    .set({ state, reason: reason ?? null, finished_at: at, spec: JSON.stringify({ ...spec, items }) })
    .where("id", "=", id)
    .execute();
  const results = await tx.selectFrom("ai_evaluation_items").selectAll().where("evaluation_id", "=", id).execute();
  for (const { model, item, answer, explanation } of results) {
    const kept = { answer: keepText(answer), explanation: explanation === null ? null : keepText(explanation) };
    if (kept.answer === answer && kept.explanation === explanation) continue;
    await tx
      .updateTable("ai_evaluation_items")
      .set(kept)
      .where("evaluation_id", "=", id)
      .where("model", "=", model)
      .where("item", "=", item)
      .execute();
  }
}

async function pruneRuns(tx: Transaction<EvaluationTables>, before: number): Promise<number> {
  const old = await tx
    .selectFrom("ai_evaluations")
    .select("id")
    .where("created_at", "<", before)
    .where("state", "!=", "running")
    .limit(prunedAtOnce)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  await tx.deleteFrom("ai_evaluation_items").where("evaluation_id", "in", ids).execute();
  await tx.deleteFrom("ai_evaluations").where("id", "in", ids).execute();
  return ids.length;
}

function toEvaluation(row: AiEvaluationsTable): Evaluation {
  return {
    id: row.id,
    name: row.name,
    itemsHash: row.items_hash,
    caller: row.caller,
    spec: EvaluationSpec.parse(JSON.parse(row.spec)),
    state: row.state,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
    finishedAt: row.finished_at ?? undefined,
  };
}

function toRow(id: string, result: ItemResult): AiEvaluationItemsTable {
  return {
    evaluation_id: id,
    model: result.model,
    item: result.item,
    request_id: result.requestId,
    answer: result.answer.replaceAll("\0", ""),
    score: result.score ?? null,
    explanation: result.explanation?.replaceAll("\0", "") ?? null,
    answer_nano_usd: Math.round(result.answerUsd * nanoPerUsd),
    judge_nano_usd: Math.round(result.judgeUsd * nanoPerUsd),
    total_ms: result.totalMs,
    error: result.error ?? null,
  };
}

function toResult(row: AiEvaluationItemsTable): ItemResult {
  return {
    model: row.model,
    item: row.item,
    requestId: row.request_id,
    answer: row.answer,
    score: row.score ?? undefined,
    explanation: row.explanation ?? undefined,
    answerUsd: row.answer_nano_usd / nanoPerUsd,
    judgeUsd: row.judge_nano_usd / nanoPerUsd,
    totalMs: row.total_ms,
    error: row.error ?? undefined,
  };
}
