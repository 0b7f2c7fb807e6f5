import type { Candidate } from "./candidate.ts";
import { findPlaceObstacle } from "./data-policy.ts";
import { expectedCost } from "./expected-cost.ts";
import type { RouteRequest } from "./route.ts";

/**
 * Why this candidate cannot serve the request at all, in words; `undefined` when it can. What an endpoint does not say
 * about its context or abilities is no reason against it: the provider's own refusal leads to the next target.
 */
export function findObstacle(candidate: Candidate, request: RouteRequest): string | undefined {
  return (
    findModelObstacle(candidate, request) ??
    findLengthObstacle(candidate, request) ??
    findAbilityObstacle(candidate, request) ??
    findPlaceObstacle(candidate, request.needs) ??
    findCostObstacle(candidate, request)
  );
}

function findModelObstacle(candidate: Candidate, { needs }: RouteRequest): string | undefined {
  const { allowedModels } = needs;
  if (!allowedModels || allowedModels.some((pattern) => isMatch(pattern, candidate))) return undefined;
  return "this key may not use the model";
}

function isMatch(pattern: string, { model, family }: Candidate): boolean {
  if (!pattern.endsWith("*")) return pattern === model || pattern === family;
  const start = pattern.slice(0, -1);
  return model.startsWith(start) || family.startsWith(start);
}

function findLengthObstacle(candidate: Candidate, { expected }: RouteRequest): string | undefined {
  const { contextLength, maxOutputTokens } = candidate;
  const tokens = expected.inputTokens + expected.outputTokens;
  // Tokens are estimated from bytes, which comes out high for English and low for nothing we know.
  if (contextLength !== undefined && tokens > contextLength) {
    return `too short: about ${tokens} tokens are needed, it reads ${contextLength}`;
  }
  if (maxOutputTokens !== undefined && expected.outputTokens > maxOutputTokens) {
    return `writes at most ${maxOutputTokens} tokens, ${expected.outputTokens} are asked for`;
  }
  return undefined;
}

function findAbilityObstacle({ supports }: Candidate, { needs }: RouteRequest): string | undefined {
  if (needs.tools && supports.tools === false) return "cannot call tools";
  if (needs.json && supports.json === false) return "cannot promise JSON";
  if (needs.vision && supports.vision === false) return "cannot see images";
  return undefined;
}

function findCostObstacle(candidate: Candidate, request: RouteRequest): string | undefined {
  const { maxCostUsd } = request;
  if (maxCostUsd === undefined) return undefined;
  if (!candidate.price.known) return "its price is not known, and the call has a cost limit";
  const { costUsd } = expectedCost(candidate, request.expected);
  return costUsd > maxCostUsd
    ? `would cost about ${formatUsd(costUsd)}, at most ${formatUsd(maxCostUsd)} is allowed`
    : undefined;
}

export function formatUsd(costUsd: number): string {
  return `${Number(costUsd.toPrecision(3))} USD`;
}
