import type { Caller } from "@sophia/core/approval/caller";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Clock } from "@sophia/core/limits/clock";
import type { RouteDecision } from "@sophia/core/routing/route";
import type { Router } from "@sophia/core/routing/router";
import { categoryOf } from "../domain/call-journal.ts";
import { type ChatRequest, estimateUsage } from "../domain/chat-request.ts";
import { toRouteRequest } from "../domain/choose-targets.ts";
import type { KeyPolicies } from "../domain/key-policy.ts";
import type { Models } from "../domain/models.ts";
import { createPromptVectors } from "./prompt-vectors.ts";

export interface RouteQuestion {
  request: ChatRequest;
  caller: Caller;
  /** Of the question itself: looking for neighbours may cost something. */
  requestId: string;
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
  embedder: Pick<Embedder, "embed">;
  policies: KeyPolicies;
  clock: Clock;
}

export function createRouteExplainer(parts: RouteExplainerParts): RouteExplainer {
  const { models, router, embedder, policies, clock } = parts;
  const vectors = createPromptVectors({ embedder });
  return {
    async explain({ request, caller, requestId, category, qualityFloor, signal }) {
      const targets = await models.chat();
      const fallback = await models.resolveDefault().catch(() => undefined);
      const isDefault = (id: string) => id === fallback?.candidate.id;
      const candidates = targets
        .map(({ candidate }) => candidate)
        // The default first, as in a true call.
        .toSorted((left, right) => Number(isDefault(right.id)) - Number(isDefault(left.id)));
      const found = await vectors.of(request.messages, signal, { caller: caller.id, requestId });
      const call = {
        request,
        caller,
        requestId,
        signal,
        cache: "bypass" as const,
        ...(qualityFloor !== undefined && { qualityFloor }),
      };
      const question = toRouteRequest(call, {
        policy: policies.of(caller.id),
        expected: estimateUsage(request),
        category: category ?? categoryOf(request.messages),
        ...found,
        now: clock.now(),
      });
      return router.route({ ...question, model: request.model }, candidates, { dryRun: true });
    },
  };
}
