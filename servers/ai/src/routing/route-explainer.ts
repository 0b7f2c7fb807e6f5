import type { Caller } from "@sophia/core/approval/caller";
import type { Clock } from "@sophia/core/limits/clock";
import type { RouteDecision } from "@sophia/core/routing/route";
import type { Router } from "@sophia/core/routing/router";
import { type ChatRequest, estimateUsage } from "../domain/chat-request.ts";
import { toRouteRequest } from "../domain/choose-targets.ts";
import type { KeyPolicies } from "../domain/key-policy.ts";
import type { Models } from "../domain/models.ts";
import type { PromptVectors } from "./prompt-vectors.ts";

export interface RouteQuestion {
  request: ChatRequest;
  caller: Caller;
  /** Default: by the instructions, as in a true call. */
  category?: string;
  qualityFloor?: number;
  signal: AbortSignal;
}

/** What would happen to a request. Asks no model and changes nothing. */
export interface RouteExplainer {
  explain(question: RouteQuestion): Promise<RouteDecision>;
}

export interface RouteExplainerParts {
  models: Pick<Models, "chat" | "resolveDefault">;
  router: Pick<Router, "route">;
  vectors: PromptVectors;
  categoryOf(messages: ChatRequest["messages"]): string;
  policies: KeyPolicies;
  clock: Clock;
}

export function createRouteExplainer(parts: RouteExplainerParts): RouteExplainer {
  const { models, router, vectors, policies, clock } = parts;
  return {
    async explain({ request, caller, category, qualityFloor, signal }) {
      const targets = await models.chat();
      const fallback = await models.resolveDefault().catch(() => undefined);
      const isDefault = (id: string) => id === fallback?.candidate.id;
      const candidates = targets
        .map(({ candidate }) => candidate)
        // The default first, as in a true call.
        .toSorted((left, right) => Number(isDefault(right.id)) - Number(isDefault(left.id)));
      const found = await vectors.of(request.messages, signal);
      const call = {
        request,
        caller,
        requestId: "explain",
        signal,
        cache: "bypass" as const,
        ...(qualityFloor !== undefined && { qualityFloor }),
      };
      const question = toRouteRequest(call, {
        policy: policies.of(caller.id),
        expected: estimateUsage(request),
        category: category ?? parts.categoryOf(request.messages),
        ...found,
        now: clock.now(),
      });
      return router.route({ ...question, model: request.model }, candidates, { dryRun: true });
    },
  };
}
