import { AppError } from "@sophia/core/errors/app-error";
import { findPlaceObstacle } from "@sophia/core/routing/data-policy";
import type { RouteDecision, RouteRequest } from "@sophia/core/routing/route";
import type { Router } from "@sophia/core/routing/router";
import { toConversationKey } from "../routing/conversation-key.ts";
import type { ChatCall } from "./chat-call.ts";
import type { ChatRequest, estimateUsage } from "./chat-request.ts";
import type { KeyPolicy } from "./key-policy.ts";
import { isAllowed } from "./key-limits.ts";
import type { Models } from "./models.ts";
import { refusePlace } from "./refuse-place.ts";
import type { Target } from "./targets.ts";

export interface Choice {
  /** First choice, then what may be asked instead. */
  targets: Target[];
  route: RouteDecision["policy"];
  propensity: number;
  /** What the answer's cost is compared with. */
  baseline: Target | undefined;
}

export interface ChoiceParts {
  models: Models;
  router: Router;
}

export interface ChoiceOptions {
  policy: KeyPolicy;
  expected: ReturnType<typeof estimateUsage>;
  category: string;
  vector?: Float32Array | undefined;
  embeddingModelId?: string | undefined;
  now: number;
}

/** `auto` or no model is the router's to choose. */
export async function chooseTargets(parts: ChoiceParts, call: ChatCall, options: ChoiceOptions): Promise<Choice> {
  const all = await parts.models.chat();
  const fallbackModel = await parts.models.resolveDefault().catch((error: unknown) => ({ error }));
  const chosenDefault = "error" in fallbackModel ? undefined : fallbackModel;
  const candidates = all.map(({ candidate }) => candidate);
  const first = candidates.findIndex(({ id }) => id === chosenDefault?.candidate.id);
  // The router takes the first that passes while it knows too little.
  const ordered = first > 0 ? [...candidates.splice(first, 1), ...candidates] : candidates;
  const decision = parts.router.route(toRouteRequest(call, options), ordered);
  if (decision.policy === "default" && "error" in fallbackModel) throw fallbackModel.error;
  if (decision.targets.length === 0) throw nothingFits(decision);
  const byId = new Map(all.map((target) => [target.candidate.id, target]));
  return {
    targets: decision.targets.flatMap(({ id }) => byId.get(id) ?? []),
    route: decision.policy,
    propensity: decision.propensity,
    baseline: chosenDefault,
  };
}

/** A named model is obeyed, at whichever endpoint has it. */
export async function chooseNamed(models: Models, model: string, policy: KeyPolicy): Promise<Choice> {
  const targets = await models.resolveAll(model);
  const [first] = targets;
  const named = { route: "named" as const, propensity: 1, baseline: first };
  const isDemanding = policy.dataPolicy !== "any" || policy.region !== undefined;
  if (!isDemanding && targets.length === 1) return { ...named, targets };
  const fitting = targets.filter(
    ({ candidate }, index) =>
      findPlaceObstacle(candidate, policy) === undefined &&
      (index === 0 || isAllowed(policy.allowedModels, candidate.model) || isAllowed(policy.allowedModels, model)),
  );
  if (fitting.length > 0) return { ...named, targets: fitting };
  throw refusePlace(first?.candidate, policy);
}

/** The router's view of a call. */
export function toRouteRequest(call: ChatCall, options: ChoiceOptions): RouteRequest {
  const { policy, expected, category, vector, embeddingModelId, now } = options;
  return {
    caller: call.caller.id,
    category,
    vector,
    embeddingModelId,
    expected,
    needs: {
      ...readNeeds(call.request),
      dataPolicy: policy.dataPolicy,
      region: policy.region,
      ...(policy.allowedModels.length > 0 && { allowedModels: policy.allowedModels }),
    },
    qualityFloor: call.qualityFloor,
    maxCostUsd: policy.maxCostPerCallUsd,
    conversationKey: toConversationKey(call.caller.id, call.request.messages),
    now,
  };
}

function readNeeds(request: ChatRequest): { tools: boolean; json: boolean; vision: boolean } {
  const { tools, response_format: format } = request;
  const isJson = typeof format === "object" && format !== null && "type" in format && format.type !== "text";
  return {
    tools: Array.isArray(tools) && tools.length > 0,
    json: isJson,
    vision: request.messages.some(({ content }) => Array.isArray(content) && content.some(isImage)),
  };
}

function isImage(part: unknown): boolean {
  return typeof part === "object" && part !== null && "type" in part && part.type === "image_url";
}

function nothingFits({ considered }: RouteDecision): AppError {
  const reasons = [...new Set(considered.map(({ reason }) => reason))].slice(0, 5);
  return new AppError("unavailable", "No model fits this request.", {
    hint: `Why not: ${reasons.join("; ") || "there is no model"}. explain_route shows each model.`,
    retryable: false,
  });
}
