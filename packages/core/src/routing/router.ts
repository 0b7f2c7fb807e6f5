import type { Clock } from "../limits/clock.ts";
import type { Candidate } from "./candidate.ts";
import { chooseRoute } from "./choose-route.ts";
import { type ConversationAnswer, createConversationMemory } from "./conversation-memory.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import { expectedCost } from "./expected-cost.ts";
import { explainOption } from "./explain-option.ts";
import { findObstacle } from "./guards.ts";
import { createQualityBudget } from "./quality-budget.ts";
import type { FamilyEstimate, QualityEstimator } from "./quality-estimator.ts";
import type { RouteDecision, RouteNeighbour, RouteRequest } from "./route.ts";
import type { RouteOption } from "./route-option.ts";

export interface RouterOptions {
  quality: QualityEstimator;
  health: EndpointHealth;
  clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Part of the best model's expected score that is kept on average. Default 0.98. */
  qualityShare?: number;
  /** Part of the requests that goes to a model there is more to learn about. Default 0.02. */
  explorationShare?: number;
  /** Judged outcomes, together, under which the first candidate that passes answers. Default 50. */
  minOutcomes?: number;
}

export interface RouteOptions {
  /** Only looks: draws no exploration and remembers nothing. */
  dryRun?: boolean;
}

export interface Router {
  /** `candidates` in order of preference while nothing is known: the default first. */
  route(request: RouteRequest, candidates: readonly Candidate[], options?: RouteOptions): RouteDecision;
  /** A call of a conversation has been answered there: what it read is now in that provider's prompt cache. */
  answered(conversationKey: string, answer: ConversationAnswer): void;
}

const shownNeighbours = 10;

/** Guards, then quality, then price and latency. Calls no model and waits for nothing: a few milliseconds. */
export function createRouter(options: RouterOptions): Router {
  const { quality, health, clock } = options;
  const budget = createQualityBudget({ qualityShare: options.qualityShare ?? 0.98 });
  const conversations = createConversationMemory();

  function toOption(candidate: Candidate, request: RouteRequest): RouteOption {
    const cachedTokens = conversations.cachedTokens(request.conversationKey, candidate, request.now);
    const { costUsd, savingUsd } = expectedCost(candidate, request.expected, cachedTokens);
    return {
      candidate,
      obstacle: findObstacle(candidate, request),
      estimate: undefined,
      costUsd: candidate.price.known ? costUsd : Infinity,
      savingUsd,
      health: health.state(candidate),
    };
  }

  return {
    answered: conversations.answered,
    route(request, candidates, { dryRun = false } = {}): RouteDecision {
      const startedAt = clock.monotonic();
      const all = candidates.map((candidate) => toOption(candidate, request));
      const open = all.filter((option) => option.obstacle === undefined);
      const known = quality.estimate([...new Set(open.map(({ candidate }) => candidate.family))], request);
      for (const option of open) option.estimate = known.get(option.candidate.family);
      const plan = chooseRoute(open, request, {
        tolerance: budget.tolerance,
        explorationShare: dryRun ? 0 : (options.explorationShare ?? 0.02),
        minOutcomes: options.minOutcomes ?? 50,
        random: dryRun ? () => 0 : options.random,
      });
      const isBudgeted = plan.best > 0 && request.qualityFloor === undefined && !dryRun;
      if (isBudgeted) budget.spend(plan.best, plan.best - (plan.order[0]?.estimate?.mean ?? 0));
      const { policy, propensity, floor } = plan;
      return {
        targets: plan.order.map(({ candidate }) => candidate),
        policy,
        propensity,
        floor,
        // Worked out when somebody asks: a catalogue has hundreds of candidates, and most decisions are never explained.
        get considered() {
          return all.map((option) => explainOption(option, plan));
        },
        get neighbours() {
          return listNeighbours(known);
        },
        decidedInMs: clock.monotonic() - startedAt,
      };
    },
  };
}

function listNeighbours(known: ReadonlyMap<string, FamilyEstimate>): RouteNeighbour[] {
  return [...known]
    .flatMap(([family, { near }]) => near.map(({ id, similarity, score }) => ({ id, similarity, family, score })))
    .toSorted((left, right) => right.similarity - left.similarity)
    .slice(0, shownNeighbours);
}
