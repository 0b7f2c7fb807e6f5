import { AppError } from "@sophia/core/errors/app-error";
import type { Hold, Spending } from "@sophia/core/ledger/spending";
import type { Clock } from "@sophia/core/limits/clock";
import { findPlaceObstacle } from "@sophia/core/routing/data-policy";
import type { CallOptions } from "@sophia/vendors/openai-shape/call-wishes";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import type { CallLog } from "../usage/call-log.ts";
import { assertAffordable } from "./assert-affordable.ts";
import type { CallRecord } from "./call-record.ts";
import type { Cost } from "./chat-call.ts";
import { isBrokenOff } from "./is-broken-off.ts";
import { isAllowed, type KeyLimits } from "./key-limits.ts";
import type { KeyPolicies } from "./key-policy.ts";
import type { Models } from "./models.ts";
import { priceCall } from "./price-call.ts";
import { refusePlace } from "./refuse-place.ts";
import { standingPlace, type Target } from "./targets.ts";

export interface PlainCallParts {
  clock: Clock;
  spending: Spending;
  policies: KeyPolicies;
  limits: KeyLimits;
  models: Pick<Models, "resolve">;
  callLog: Pick<CallLog, "record">;
}

/** Who asks, and from where. */
export interface PlainCaller {
  caller: string;
  requestId: string;
  origin: CallRecord["origin"];
  signal: AbortSignal;
}

export interface PlainCall<T> extends PlainCaller {
  model: string;
  /** The name that was asked for, where it is another; the key must allow one of the two. */
  requestedModel?: string;
  operation: "embeddings" | "rerank";
  inputTokens: number;
  /** Whether `ask` sends the options on. Without, only what the endpoint promises anyhow counts. */
  demands: boolean;
  ask(target: Target, signal: AbortSignal, options: CallOptions): Promise<{ value: T; usage: Usage | undefined }>;
  /** What a failure costs. Default: what the answer said, else all of it when its caller has left a provider at work. */
  usageOfFailed?(target: Target): Usage | undefined;
  /** After `ask`: nobody was asked. What the server then knows for itself is no call. */
  isRemembered?(): boolean;
}

export interface BookedAnswer<T> {
  value: T;
  usage: Usage;
  cost: Cost;
  target: Target;
}

/**
 * A call to a provider that is no chat: key policy, budget, ledger and call log as there; no cache, no route. What the
 * server asks for itself (`internal`) counts against the budgets of whoever it is done for, not against the rates.
 * Throws AppError `denied`, `rate_limited`, `budget_exceeded`, `not_found`, and what the provider's client throws.
 */
export async function bookPlainCall<T>(parts: PlainCallParts, call: PlainCall<T>): Promise<BookedAnswer<T>> {
  const { clock, spending, policies, limits, models } = parts;
  const { requestId, caller, model, signal, inputTokens } = call;
  const startedAt = clock.monotonic();
  const policy = policies.of(caller);
  const { requestedModel = model } = call;
  const admitted = isAllowed(policy.allowedModels, requestedModel) ? requestedModel : model;
  if (call.origin !== "internal") limits.admit(caller, policy, { model: admitted, tokens: inputTokens });
  const target = await models.resolve(model);
  const { candidate, price } = target;
  const place = call.demands ? candidate : standingPlace(target);
  if (findPlaceObstacle(place, policy) !== undefined) throw refusePlace(place, policy);
  const { dataPolicy } = policy;
  let billed: Usage | undefined;
  const wishes = { requestId, ...(dataPolicy !== "any" && { dataPolicy }) };
  const options: CallOptions = { wishes, onUsage: (usage) => void (billed = usage) };
  const expected = { inputTokens, outputTokens: 0, cachedInputTokens: 0 };
  const costUsd = price.costOf(expected);
  assertAffordable(policy, target, costUsd);
  const charge = { requestId, server: "ai", service: candidate.service, caller, unit: "tokens" };
  const hold = await spending.reserve({ ...charge, quantity: inputTokens, costUsd, budgets: policy.budgets });
  const tell = (outcome: CallRecord["outcome"], usage: Usage, cost: Cost, errorKind?: string): void => {
    const { service, mode, model: answered } = candidate;
    const answerer = { service, mode, model: answered, priceAsOf: price.asOf };
    const times = { totalMs: clock.monotonic() - startedAt, now: clock.now() };
    parts.callLog.record(toPlainRecord(call, { ...answerer, ...times, usage, cost, outcome, errorKind }));
  };
  try {
    const { value, usage = { ...expected, estimated: true } } = await call.ask(target, signal, options);
    if (call.origin === "internal" && call.isRemembered?.()) {
      spending.release(hold);
      return { value, usage, cost: { costUsd: 0, priceKnown: true }, target };
    }
    const cost = priceCall(target, usage);
    const kind = usage.estimated ? ("estimate" as const) : ("actual" as const);
    spending.settle(hold, { quantity: usage.inputTokens, costUsd: cost.costUsd, kind, priceAsOf: price.asOf });
    tell("ok", usage, cost);
    return { value, usage, cost, target };
  } catch (error) {
    const kind = error instanceof AppError ? error.kind : "internal";
    const lost = isBrokenOff(error, signal) ? { ...expected, estimated: true } : undefined;
    const spent = call.usageOfFailed ? call.usageOfFailed(target) : (billed ?? lost);
    const { usage, cost } = closeFailed(spending, hold, { target, usage: spent });
    tell(signal.aborted ? "cancelled" : "error", usage, cost, kind);
    throw error;
  }
}

/** What a provider has read when its caller leaves is paid for, and so is an answer that cannot be used; a refusal is not. */
function closeFailed(
  spending: Spending,
  hold: Hold,
  { target, usage }: { target: Target; usage: Usage | undefined },
): { usage: Usage; cost: Cost } {
  if (!usage) {
    spending.release(hold);
    const nothing = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, estimated: true };
    return { usage: nothing, cost: { costUsd: 0, priceKnown: true } };
  }
  const cost = priceCall(target, usage);
  const { inputTokens: quantity, estimated } = usage;
  const kind = estimated ? "estimate" : "actual";
  spending.settle(hold, { quantity, costUsd: cost.costUsd, kind, priceAsOf: target.price.asOf });
  return { usage, cost };
}

interface PlainEnd extends Pick<CallRecord, "service" | "mode" | "model" | "priceAsOf" | "totalMs" | "outcome"> {
  usage: Usage;
  cost: Cost;
  /** Wall clock, ms. */
  now: number;
  errorKind: string | undefined;
}

/** The call log's line of a call that is no chat. */
export function toPlainRecord(
  call: Pick<PlainCall<unknown>, "requestId" | "caller" | "origin" | "operation" | "model" | "requestedModel">,
  { usage, cost, now, errorKind, ...end }: PlainEnd,
): CallRecord {
  const { requestId, caller, origin, operation } = call;
  return {
    requestId,
    caller,
    origin,
    operation,
    requestedModel: call.requestedModel ?? call.model,
    startedAt: now - end.totalMs,
    stream: false,
    category: "general",
    cache: "bypass",
    route: "named",
    propensity: 1,
    inputTokens: usage.inputTokens,
    outputTokens: 0,
    cachedInputTokens: 0,
    tokensEstimated: usage.estimated,
    overheadMs: 0,
    attempts: [],
    ...cost,
    ...end,
    ...(errorKind !== undefined && { errorKind }),
  };
}
