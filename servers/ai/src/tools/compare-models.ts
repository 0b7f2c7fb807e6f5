import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { ComparedAnswer, Comparisons } from "../routing/comparison.ts";

interface Services {
  comparisons: Comparisons;
}

const Answer = z.object({
  model: z.string().describe("The model that was asked."),
  service: z.string().optional().describe("Who answered."),
  text: z.string().optional().describe("The answer, cut at shownCharacters."),
  characters: z.int().optional().describe("Length of the whole answer."),
  finishReason: z.string().optional().describe("stop: finished; length: cut at maxTokens."),
  costUsd: z.number().describe("What the answer cost."),
  totalMs: z.int().optional().describe("Time until it was whole."),
  error: z.string().optional().describe("Why there is no answer."),
  score: z.number().optional().describe("The judge's mark, 0 to 1."),
  scoreReason: z.string().optional().describe("The judge's reason."),
});

export const compareModels = defineTool({
  name: "compare_models",
  title: "Compare models",
  description: `Asks two to five models the same prompt and shows answers, cost and time side by side.
- Use when you want to see which model is good enough for a task, or what a cheaper one would lose.
- With judgeModel each answer is marked by that model, the best is named, and the router learns from it for similar prompts.
- Nothing is asked when it might cost more than maxCostUsd. The cache is not used.
Example: {"prompt": "Explain a mutex in one line.", "models": ["gpt-4o-mini", "claude-sonnet-4.5"], "judgeModel": "gpt-4o"}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  items: "answers",
  input: z.strictObject({
    prompt: z.string().min(1).max(100_000).describe("What every model is asked."),
    system: z.string().max(20_000).optional().describe("Instructions that stand before it."),
    models: z.array(z.string().min(1).max(200)).min(2).max(5).describe("Model ids from list_models."),
    judgeModel: z.string().min(1).max(200).optional().describe("Marks the answers. Best one that is not compared."),
    rubric: z.string().min(1).max(2_000).optional().describe("What a good answer is, for the judge."),
    maxTokens: z.int().min(1).max(8_000).default(500).describe("Longest answer, in tokens."),
    maxCostUsd: z.number().min(0).max(10).default(0.25).describe("Most that all of it may cost."),
    shownCharacters: z.int().min(100).max(8_000).default(1_000).describe("How much of each answer to show."),
  }),
  output: z.object({
    answers: z.array(Answer),
    best: z.string().optional().describe("The model whose answer got the highest mark, the cheaper one of equals."),
    cheapest: z.string().optional().describe("The model whose answer cost least."),
    fastest: z.string().optional().describe("The model whose answer was there first."),
    judgeCostUsd: z.number().describe("What the marks cost."),
    learned: z.boolean().describe("Whether routing of similar prompts takes this into account from now on."),
    source: Source,
  }),
  async run(input, { services, caller, requestId, signal }: ToolContext<Services>) {
    if (new Set(input.models).size < input.models.length) {
      throw new AppError("invalid_input", "A model is named twice.", { hint: "Name each model once." });
    }
    const { shownCharacters, ...asked } = input;
    const request = { ...asked, caller, requestId, signal };
    const { answers, judgeCostUsd, learned } = await services.comparisons.compare(request);
    const given = answers.filter(({ text }) => text !== undefined);
    if (given.length === 0) {
      throw new AppError("unavailable", "None of the models answered.", { hint: answers[0]?.error ?? "" });
    }
    const marked = given.filter(({ score }) => score !== undefined);
    const best = minimumBy(marked, ({ score = 0, costUsd }) => [-score, costUsd])?.model;
    return {
      answers: answers.map((answer) => toShown(answer, shownCharacters)),
      ...(best !== undefined && { best }),
      cheapest: minimumBy(given, ({ costUsd, totalMs = 0 }) => [costUsd, totalMs])?.model,
      fastest: minimumBy(given, ({ totalMs = Infinity, costUsd }) => [totalMs, costUsd])?.model,
      judgeCostUsd,
      learned,
      source: {
        service: given[0]?.service ?? "sophia",
        mode: given[0]?.mode ?? ("local" as const),
        costUsd: answers.reduce((sum, { costUsd }) => sum + costUsd, judgeCostUsd),
      },
    };
  },
  render({ answers, best, cheapest, fastest, judgeCostUsd, learned, source }) {
    const notice = source.mode === "simulated" ? "SIMULATED: no language model was asked.\n\n" : "";
    const marks = best === undefined ? "not judged" : `best ${best}, judged for ${judgeCostUsd} USD`;
    const lesson = learned ? "; the router has learned from it" : "";
    return `${notice}${answers.map(describe).join("\n\n")}\n\n[${marks}${lesson}; cheapest ${cheapest}; fastest ${fastest}; ${source.costUsd} USD in all]`;
  },
});

function toShown(answer: ComparedAnswer, shownCharacters: number): z.input<typeof Answer> {
  const { mode: _, text, totalMs, ...rest } = answer;
  return {
    ...rest,
    ...(text !== undefined && { text: text.slice(0, shownCharacters).toWellFormed(), characters: text.length }),
    ...(totalMs !== undefined && { totalMs: Math.round(totalMs) }),
  };
}

function describe({
  model,
  service,
  text,
  characters,
  costUsd,
  totalMs,
  error,
  score,
  scoreReason,
}: z.output<typeof Answer>) {
  if (error !== undefined) return `## ${model}\nNo answer: ${error}`;
  const mark = score === undefined ? "" : `, mark ${score}${scoreReason ? ` (${scoreReason})` : ""}`;
  const cut = characters !== undefined && text !== undefined && characters > text.length ? " …" : "";
  return `## ${model} at ${service} (${costUsd} USD, ${totalMs} ms${mark})\n${text}${cut}`;
}

/** The first of two numbers decides, the second between equals. */
function minimumBy<T>(values: readonly T[], rank: (value: T) => readonly [number, number]): T | undefined {
  return values.toSorted((left, right) => {
    const [one, other] = [rank(left), rank(right)];
    return one[0] - other[0] || one[1] - other[1];
  })[0];
}
