import { createHash } from "node:crypto";
import type { Caller } from "@sophia/core/approval/caller";
import { AppError } from "@sophia/core/errors/app-error";
import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import type { Traces } from "../traces/traces.ts";
import type { AskModel, EstimateQuestion } from "./ask-model.ts";
import type { EvaluationTables } from "./evaluation-tables.ts";
import type { EvaluationSpec } from "./evaluation-spec.ts";
import { createEvaluationStore, type Evaluation, type ItemResult } from "./evaluation-store.ts";
import type { Lessons } from "./feedback.ts";
import { type ModelScore, summariseEvaluation } from "./summarise-evaluation.ts";
import { workThroughItems } from "./work-through-items.ts";

export interface EvaluationReport {
  evaluation: Evaluation;
  scores: ModelScore[];
  results: ItemResult[];
  /** The run that changes are told against. */
  earlier: { id: string; at: number } | undefined;
}

export interface Evaluations {
  /** Durable when it resolves: the run goes on by itself, also after a restart. */
  start(spec: Omit<EvaluationSpec, "caller">, caller: Caller): Promise<string>;
  /** Throws AppError `not_found`; somebody without the scope `write` sees its own runs only. */
  report(id: string, caller: Caller): Promise<EvaluationReport>;
  /** Resolves when the run has ended, or after that time. */
  wait(
    id: string,
    options: { forMs: number; signal: AbortSignal; progress(done: number, total: number): void },
  ): Promise<void>;
  /** Removes what is too old. */
  prune(signal: AbortSignal): Promise<void>;
}

export interface EvaluationsOptions<Tables extends EvaluationTables> {
  store: Store<Tables>;
  jobs: Jobs;
  clock: Clock;
  ask: AskModel;
  estimate: EstimateQuestion;
  traces: Pick<Traces, "annotate">;
  lessons: Lessons;
  /** What is left of a text once its run has ended. */
  keepText(text: string): string;
  /** Ended runs are kept this long. */
  maxAgeMs: number;
}

const jobKind = "ai.evaluation";
const pollMs = 200;

/** Defines its kind of job: before `jobs.start()`. */
export function createEvaluations<Tables extends EvaluationTables>(options: EvaluationsOptions<Tables>): Evaluations {
  const { jobs, clock } = options;
  const evaluations = createEvaluationStore(options.store, options.keepText);

  jobs.define<{ id: string }>(
    jobKind,
    async ({ input: { id }, signal, progress }) => {
      const evaluation = await evaluations.get(id);
      if (evaluation?.state !== "running") return {};
      const tell = (done: number, total: number): void => progress({ done, total });
      const end = await workThroughItems(id, evaluation.spec, { ...options, evaluations, signal, progress: tell });
      await evaluations.finish(id, { ...end, at: clock.now() });
      return { state: end.state };
    },
    { maxAttempts: 3 },
  );

  async function find(id: string, caller: Caller): Promise<Evaluation> {
    const evaluation = await evaluations.get(id);
    if (evaluation && (evaluation.caller === caller.id || caller.scopes.includes("write"))) return evaluation;
    throw new AppError("not_found", "There is no such evaluation.", { hint: "run_evaluation returns the id." });
  }

  return {
    async start(wish, { id: callerId, name, scopes }) {
      const spec: EvaluationSpec = { ...wish, caller: { id: callerId, name, scopes: [...scopes] } };
      const id = `ev_${crypto.randomUUID().slice(0, 13)}`;
      await evaluations.create({ id, itemsHash: hashItems(spec), spec, createdAt: clock.now() });
      await jobs.enqueue({ kind: jobKind, input: { id }, idempotencyKey: id, caller: callerId });
      return id;
    },
    async report(id, caller) {
      const evaluation = await find(id, caller);
      const results = await evaluations.results(id);
      const earlier = await evaluations.findEarlier(evaluation);
      const before = earlier ? await evaluations.results(earlier.id) : [];
      return {
        evaluation,
        results,
        scores: summariseEvaluation(evaluation.spec.models, results, before),
        earlier: earlier && { id: earlier.id, at: earlier.createdAt },
      };
    },
    async wait(id, { forMs, signal, progress }) {
      const until = clock.monotonic() + forMs;
      while (clock.monotonic() < until) {
        const evaluation = await evaluations.get(id);
        if (evaluation?.state !== "running") return;
        const { items, models } = evaluation.spec;
        progress((await evaluations.results(id)).length, items.length * models.length);
        await clock.sleep(pollMs, signal);
      }
    },
    async prune(signal) {
      while (!signal.aborted && (await evaluations.prune(clock.now() - options.maxAgeMs)) > 0);
    },
  };
}

/** What makes two runs comparable: the questions and how their answers were judged. */
function hashItems({ items, judgement, rubric, judgeModel, maxTokens }: EvaluationSpec): string {
  const parts = JSON.stringify([
    items.map(({ prompt, system, expected }) => [prompt, system, expected]),
    judgement,
    rubric,
    judgeModel,
    maxTokens,
  ]);
  return createHash("sha256").update(parts).digest("hex").slice(0, 32);
}
