import type { NearOutcome, OutcomeMemory } from "./outcome-memory.ts";
import type { RouteRequest } from "./route.ts";
import type { UsableShares } from "./usable-shares.ts";

/** What past outcomes say about a family and a prompt. */
export interface FamilyEstimate {
  /** Expected score, 0 to 1. */
  mean: number;
  lower: number;
  /** Judged outcomes behind it everywhere, each counted by its trust and age. */
  trust: number;
  /** The outcomes nearest to the prompt. */
  near: readonly NearOutcome[];
}

export type RoutePrompt = Pick<RouteRequest, "category" | "vector" | "embeddingModelId" | "now">;

export interface QualityEstimator {
  estimate(families: readonly string[], prompt: RoutePrompt): Map<string, FamilyEstimate>;
}

export interface QualityEstimatorOptions {
  memory: Pick<OutcomeMemory, "means" | "near">;
  /** Outcomes of each family looked at. Default 200; the weights leave about half of that in effect. */
  neighbours?: number;
  /** Multiplies the estimate: answers that cannot be used are seldom among those that get judged. */
  usable?: Pick<UsableShares, "of">;
  /** Standard errors between the mean and the lower estimate. Default 1. */
  caution?: number;
}

/** What a model nobody has judged is expected to score, until others have been. */
const uninformedMean = 0.7;
/** A prior counts as so many outcomes. */
const familyStrength = 5;
const categoryStrength = 10;
const promptStrength = 10;
/** The nearer, the more: similarity to this power. */
const sharpness = 4;

/**
 * Expected score of each family for a prompt, in three steps of shrinkage: everything known of the family, of the
 * family in this category, of its outcomes near this prompt; each is the prior of the next.
 *
 * Near the prompt: Σ wᵢ sᵢ / Σ wᵢ with wᵢ = trust · age · max(0, similarity)⁴, worth n = (Σ wᵢ)² / Σ wᵢ² outcomes (Kish
 * 1965). Estimate p = (n · near + κ · prior) / (n + κ), standard error √(p (1 − p) / (n + κ + 1)).
 */
export function createQualityEstimator(options: QualityEstimatorOptions): QualityEstimator {
  const { memory, usable, neighbours = 200, caution = 1 } = options;

  function estimateFamily(
    family: string,
    { category, now }: RoutePrompt,
    { near, common }: { near: readonly NearOutcome[]; common: number },
  ): FamilyEstimate {
    const means = memory.means(family, category);
    const trust = means.family?.weight(now) ?? 0;
    const categoryTrust = means.category?.weight(now) ?? 0;
    const byFamily = means.family?.mean(common, familyStrength, now) ?? common;
    const byCategory = means.category?.mean(byFamily, categoryStrength, now) ?? byFamily;
    const local = weigh(near);
    const judged = (local.count * local.mean + promptStrength * byCategory) / (local.count + promptStrength);
    const mean = judged * (usable?.of(family, now) ?? 1);
    // Without neighbours the category speaks as far as it has been judged, else the family, for a few outcomes.
    const count = Math.max(local.count, Math.min(categoryTrust + Math.min(trust, familyStrength), neighbours));
    const error = Math.sqrt((mean * (1 - mean)) / (count + promptStrength + 1)) + unseenError / (1 + trust);
    return { mean, lower: Math.max(0, mean - caution * error), trust, near };
  }

  return {
    estimate(families, prompt) {
      const { vector, embeddingModelId, now } = prompt;
      const isEmbedded = vector !== undefined && embeddingModelId !== undefined;
      const search = isEmbedded ? memory.near({ vector, embeddingModelId, now }, neighbours) : () => [];
      const common = averageMean(families, memory, now);
      return new Map(
        families.map((family) => [family, estimateFamily(family, prompt, { near: search(family), common })]),
      );
    },
  };
}

/** A family nobody has judged may be anything. */
const unseenError = 0.5;

/** Over the families that have been judged, the prior of those that have not. */
function averageMean(families: readonly string[], memory: Pick<OutcomeMemory, "means">, now: number): number {
  let [sum, weight] = [uninformedMean * familyStrength, familyStrength];
  for (const family of families) {
    const mean = memory.means(family, "").family;
    const trust = Math.min(mean?.weight(now) ?? 0, 50);
    sum += trust * (mean?.mean(uninformedMean, familyStrength, now) ?? 0);
    weight += trust;
  }
  return sum / weight;
}

function weigh(near: readonly NearOutcome[]): { mean: number; count: number } {
  let [sum, weights, squares] = [0, 0, 0];
  for (const { similarity, score, weight } of near) {
    const full = weight * Math.max(0, similarity) ** sharpness;
    sum += full * score;
    weights += full;
    squares += full * full;
  }
  // Twenty hints are not twenty verdicts: the count is of trusted outcomes.
  const trusted = near.reduce((total, { weight }) => total + weight, 0);
  return weights === 0
    ? { mean: 0, count: 0 }
    : { mean: sum / weights, count: Math.min(weights ** 2 / squares, trusted) };
}
