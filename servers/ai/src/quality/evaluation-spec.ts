import { z } from "zod";

/** One question of an evaluation, and what is known of its answer. */
export const EvaluationItem = z.strictObject({
  prompt: z.string().min(1).max(20_000).describe("What the models are asked."),
  system: z.string().max(10_000).optional().describe("Instructions before it."),
  expected: z.string().max(10_000).optional().describe("The right answer, or what it must contain."),
});
export type EvaluationItem = z.infer<typeof EvaluationItem>;

export const judgements = ["contains", "equals", "number", "rubric", "pairwise"] as const;

/** All that a run needs; kept with its results. */
export const EvaluationSpec = z.object({
  name: z.string(),
  items: z.array(EvaluationItem),
  models: z.array(z.string()),
  judgement: z.enum(judgements),
  rubric: z.string().optional(),
  judgeModel: z.string().optional(),
  maxTokens: z.number(),
  maxCostUsd: z.number(),
  /** On whose account. */
  caller: z.object({ id: z.string(), name: z.string(), scopes: z.array(z.enum(["read", "write", "approve"])) }),
});
export type EvaluationSpec = z.infer<typeof EvaluationSpec>;

export const defaultRubric =
  "A good answer is correct, complete and to the point; it invents nothing and follows the question's instructions.";
