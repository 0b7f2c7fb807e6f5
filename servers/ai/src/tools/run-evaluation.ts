import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { EvaluationItem, judgements } from "../quality/evaluation-spec.ts";
import type { EvaluationReport, Evaluations } from "../quality/evaluations.ts";

interface Services {
  evaluations: Evaluations;
}

const Interval = z.object({ lower: z.number(), upper: z.number() });
/** Below the deadline, so that a long run answers with its id instead of an error. */
const waitMs = 40_000;
const shownAnswerCharacters = 400;

const Input = z.strictObject({
  evaluationId: z.string().max(100).optional().describe("An earlier run to look at, instead of a new one."),
  name: z.string().min(1).max(100).optional().describe("What is evaluated; scores are kept under this name."),
  items: z.array(EvaluationItem).min(1).max(50).optional().describe("The questions."),
  models: z.array(z.string().min(1).max(200)).min(1).max(5).optional().describe("Model ids from list_models."),
  judgement: z.enum(judgements).default("contains").describe("How answers are judged."),
  rubric: z.string().max(4_000).optional().describe("For a judge: what a good answer is."),
  judgeModel: z.string().max(200).optional().describe("The judge; best a stronger model of another family."),
  maxTokens: z.int().min(16).max(8_000).default(512).describe("Longest answer, in tokens."),
  maxCostUsd: z.number().min(0).max(100).default(0.5).describe("Most the run may cost, judging included."),
});

const Output = z.object({
  evaluationId: z.string(),
  state: z.enum(["running", "done", "stopped"]),
  reason: z.string().optional().describe("Why it stopped."),
  done: z.int(),
  total: z.int().describe("Questions times models."),
  scores: z
    .array(
      z.object({
        model: z.string(),
        meanScore: z.number().optional().describe("0 to 1; in pairs: share won against the first model, ties half."),
        interval: Interval.optional().describe("95 %, over questions."),
        judged: z.int(),
        failed: z.int(),
        answerUsd: z.number(),
        judgeUsd: z.number(),
        medianMs: z.number().optional(),
        change: z.number().optional().describe("Against the earlier run, question by question."),
        changeInterval: Interval.optional().describe("When it holds 0, nothing is proven."),
      }),
    )
    .describe("The best first."),
  earlier: z.object({ evaluationId: z.string(), at: z.string() }).optional(),
  results: z.array(
    z.object({
      item: z.int(),
      model: z.string(),
      requestId: z.string().describe("For get_trace."),
      score: z.number().optional(),
      answer: z.string(),
      explanation: z.string().optional(),
      error: z.string().optional(),
    }),
  ),
  source: Source,
});

export const runEvaluation = defineTool({
  name: "run_evaluation",
  title: "Evaluate models on your own questions",
  description: `Asks one to five models the same questions, judges the answers, and compares with the last run of the same questions.
- Use when a model is to be chosen, or to see whether a change of prompt or model made answers better.
- judgement: contains, equals or number need expected; rubric lets a judge model mark 0 to 1; pairwise lets it compare each model with the first, in both orders.
- Stops before maxCostUsd. A long run goes on by itself: call again with its evaluationId.
Example: {"name": "capitals", "models": ["small", "large"], "judgement": "contains", "items": [{"prompt": "Capital of Norway?", "expected": "Oslo"}]}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: Input,
  output: Output,
  items: "results",
  async run(input, { services, caller, signal, progress }: ToolContext<Services>) {
    const { evaluations } = services;
    const id = input.evaluationId ?? (await evaluations.start(toSpec(input), caller));
    await evaluations.report(id, caller);
    const tell = (done: number, total: number): void => progress({ done, total });
    await evaluations.wait(id, { forMs: waitMs, signal, progress: tell });
    return toOutput(await evaluations.report(id, caller));
  },
});

function toSpec({
  evaluationId: _id,
  name,
  items,
  models,
  ...rest
}: z.output<typeof Input>): Parameters<Evaluations["start"]>[0] {
  if (name === undefined || items === undefined || models === undefined) {
    throw new AppError("invalid_input", "A new evaluation needs name, items and models.", {
      hint: "Or give evaluationId to look at an earlier one.",
    });
  }
  const isJudged = rest.judgement === "rubric" || rest.judgement === "pairwise";
  if (!isJudged && items.some(({ expected }) => expected === undefined)) {
    throw new AppError("invalid_input", `Every item needs expected for the judgement ${rest.judgement}.`, {
      hint: "Use rubric or pairwise where there is no single right answer.",
    });
  }
  if (rest.judgement === "pairwise" && new Set(models).size < 2) {
    throw new AppError("invalid_input", "Pairs need two different models.");
  }
  const { rubric, judgeModel, ...rules } = rest;
  return {
    name,
    items,
    models: [...new Set(models)],
    ...rules,
    ...(rubric !== undefined && { rubric }),
    ...(judgeModel !== undefined && { judgeModel }),
  };
}

function toOutput({ evaluation, scores, results, earlier }: EvaluationReport): z.input<typeof Output> {
  const { id, state, reason, spec } = evaluation;
  const costUsd = results.reduce((sum, { answerUsd, judgeUsd }) => sum + answerUsd + judgeUsd, 0);
  return {
    evaluationId: id,
    state,
    ...(reason !== undefined && { reason }),
    done: results.length,
    total: spec.items.length * spec.models.length,
    scores: scores.map(({ meanScore, interval, medianMs, change, ...score }) => ({
      ...score,
      ...(meanScore !== undefined && { meanScore: round(meanScore) }),
      ...(interval && { interval: { lower: round(interval.lower), upper: round(interval.upper) } }),
      ...(medianMs !== undefined && { medianMs: Math.round(medianMs) }),
      ...(change && { change: round(change.difference) }),
      ...(change?.interval && {
        changeInterval: { lower: round(change.interval.lower), upper: round(change.interval.upper) },
      }),
    })),
    ...(earlier && { earlier: { evaluationId: earlier.id, at: new Date(earlier.at).toISOString() } }),
    results: results.map(({ item, model, requestId, score, answer, explanation, error }) => ({
      item,
      model,
      requestId,
      answer: answer.slice(0, shownAnswerCharacters).toWellFormed(),
      ...(score !== undefined && { score }),
      ...(explanation !== undefined && { explanation }),
      ...(error !== undefined && { error }),
    })),
    source: { service: "sophia", mode: "local", costUsd },
  };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
