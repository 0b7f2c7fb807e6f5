import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import type { ConsideredCandidate, RouteDecision } from "@sophia/core/routing/route";
import { z } from "zod";
import type { RouteExplainer } from "../routing/route-explainer.ts";

interface Services {
  routes: RouteExplainer;
}

const Considered = z.object({
  model: z.string().describe("Model id."),
  service: z.string().describe("Who would serve it."),
  verdict: z.enum(["chosen", "fallback", "excluded"]).describe("Fallbacks are asked in this order when one fails."),
  reason: z.string().describe("Why it was chosen, or why it lost."),
  expectedScore: z.number().optional().describe("Expected quality of its answer, 0 to 1."),
  lowerScore: z.number().optional().describe("The same, less what is uncertain; this must reach the floor."),
  outcomesNearby: z.int().optional().describe("Judged answers of it to similar prompts."),
  expectedCostUsd: z.number().optional().describe("Absent: no price list has the model."),
  state: z
    .enum(["closed", "resting", "open", "returning"])
    .describe("closed: works; else given a rest after failures."),
});

export const explainRoute = defineTool({
  name: "explain_route",
  title: "Explain a route",
  description: `Shows which model would answer a prompt and why every other one lost, without asking any model.
- Use when you wonder why a model was chosen, what a prompt would cost, or how to get a better or cheaper one.
- It rests on judged answers to similar prompts (log_feedback, run_evaluation, compare_models make them); while there are too few, the default answers.
- needs narrows the choice as tools, JSON or images in a true request would.
Example: {"prompt": "Prove that the square root of 2 is irrational.", "qualityFloor": 0.8}`,
  effect: "read",
  deadlineMs: 20_000,
  items: "candidates",
  input: z.strictObject({
    prompt: z.string().min(1).max(200_000).describe("What would be asked."),
    system: z.string().max(50_000).optional().describe("Instructions that would stand before it."),
    model: z.string().min(1).max(200).optional().describe("A named model is obeyed. Default: auto."),
    maxTokens: z.int().min(1).max(32_000).optional().describe("Longest answer, in tokens."),
    qualityFloor: z.number().min(0).max(1).optional().describe("Least expected score. Default: near the best model's."),
    needs: z
      .array(z.enum(["tools", "json", "vision"]))
      .max(3)
      .default([])
      .describe("What the model must be able to do."),
    category: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("Kind of request, as in report_usage. Default: by system."),
    limit: z.int().min(1).max(100).default(8).describe("Most candidates to show."),
  }),
  output: z.object({
    policy: z.enum(["named", "default", "quality", "exploration", "sticky"]).describe("How the first was chosen."),
    floor: z.number().describe("Score the lower estimate had to reach."),
    candidates: z.array(Considered),
    totalCandidates: z.int().describe("How many were considered."),
    neighbours: z
      .array(z.object({ requestId: z.string(), similarity: z.number(), model: z.string(), score: z.number() }))
      .describe("The judged answers to the most similar prompts."),
    decidedInMs: z.number().describe("Time the decision took, without embedding the prompt."),
    source: Source,
  }),
  async run(input, { services, caller, requestId, signal }: ToolContext<Services>) {
    const decision = await services.routes.explain({
      request: toRequest(input),
      caller,
      requestId,
      ...(input.category !== undefined && { category: input.category }),
      ...(input.qualityFloor !== undefined && { qualityFloor: input.qualityFloor }),
      signal,
    });
    const all = inOrder(decision);
    if (all.length === 0) {
      throw new AppError("not_found", "There is no model to choose from.", {
        hint: "list_models shows what the endpoints offer; check_models says which of them answer.",
      });
    }
    const first = all[0]?.candidate;
    return {
      policy: decision.policy,
      floor: round(decision.floor),
      candidates: all.slice(0, input.limit).map(toConsidered),
      totalCandidates: all.length,
      neighbours: decision.neighbours.slice(0, 5).map(({ id, similarity, family, score }) => ({
        requestId: id,
        similarity: round(similarity),
        model: family,
        score: round(score),
      })),
      decidedInMs: round(decision.decidedInMs),
      source: { service: first?.service ?? "sophia", mode: first?.mode ?? "local", costUsd: 0 },
    };
  },
  render({ policy, floor, candidates, totalCandidates, neighbours }) {
    const lines = candidates.map((entry, index) => `${index + 1}. ${describe(entry)}`);
    const more = totalCandidates > candidates.length ? [`… and ${totalCandidates - candidates.length} more.`] : [];
    const near = neighbours.map(({ model, score, similarity }) => `${model} ${score} (similarity ${similarity})`);
    return [
      `Policy ${policy}${floor > 0 ? `, floor ${floor}` : ""}.`,
      ...lines,
      ...more,
      near.length > 0 ? `Similar prompts: ${near.join("; ")}.` : "No judged answer to a similar prompt is known.",
    ].join("\n");
  },
});

function toRequest(input: {
  prompt: string;
  system?: string | undefined;
  model?: string | undefined;
  maxTokens?: number | undefined;
  needs: readonly string[];
}) {
  const { prompt, system, model, maxTokens, needs } = input;
  const image = { type: "image_url", image_url: { url: "data:," } };
  const content = needs.includes("vision") ? [{ type: "text", text: prompt }, image] : prompt;
  return {
    messages: [...(system === undefined ? [] : [{ role: "system", content: system }]), { role: "user", content }],
    ...(model !== undefined && { model }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(needs.includes("tools") && { tools: [{ type: "function", function: { name: "any" } }] }),
    ...(needs.includes("json") && { response_format: { type: "json_object" } }),
  };
}

/** The route in its order, then what was excluded. */
function inOrder({ targets, considered }: RouteDecision): ConsideredCandidate[] {
  const position = new Map(targets.map(({ id }, index) => [id, index]));
  const placeOf = ({ candidate }: ConsideredCandidate) => position.get(candidate.id) ?? Infinity;
  return considered.toSorted((left, right) => (placeOf(left) === placeOf(right) ? 0 : placeOf(left) - placeOf(right)));
}

function toConsidered(entry: ConsideredCandidate): z.input<typeof Considered> {
  const { candidate, estimate, verdict, reason, state } = entry;
  return {
    model: candidate.model,
    service: candidate.service,
    verdict,
    reason,
    ...(estimate && {
      expectedScore: round(estimate.mean),
      lowerScore: round(estimate.lower),
      outcomesNearby: estimate.neighbours,
    }),
    ...(candidate.price.known && { expectedCostUsd: Number(entry.expectedCostUsd.toPrecision(3)) }),
    state,
  };
}

function describe(entry: z.output<typeof Considered>): string {
  const told = entry.outcomesNearby ? `(at least ${entry.lowerScore})` : "assumed: no judged answer is near";
  const score = entry.expectedScore === undefined ? "" : `, score ${entry.expectedScore} ${told}`;
  const cost = entry.expectedCostUsd === undefined ? ", price unknown" : `, ${entry.expectedCostUsd} USD`;
  return `${entry.model} at ${entry.service}: ${entry.verdict}, ${entry.reason}${score}${cost}`;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
