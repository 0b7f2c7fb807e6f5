import { AppError } from "@sophia/core/errors/app-error";
import type { Hold, Spending } from "@sophia/core/ledger/spending";
import { promisesEnough } from "@sophia/core/routing/data-policy";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import { assertAffordable } from "../domain/assert-affordable.ts";
import type { CallRecord } from "../domain/call-record.ts";
import type { Cost } from "../domain/chat-call.ts";
import { isBrokenOff } from "../domain/is-broken-off.ts";
import { priceCall } from "../domain/price-call.ts";
import type { Target } from "../domain/targets.ts";
import type { Exchange, GatewayServices } from "./exchange.ts";

interface PlainCall<T> {
  model: string;
  operation: "embeddings" | "rerank";
  inputTokens: number;
  ask(client: OpenAiClient, signal: AbortSignal): Promise<{ value: T; usage: Usage | undefined }>;
}

/** A call to a provider that is no chat: key policy, budget, ledger, call log and headers as there; no cache, no route. */
export async function bookCall<T>(
  { caller, requestId, signal, response }: Exchange,
  services: GatewayServices,
  call: PlainCall<T>,
): Promise<{ value: T; usage: Usage }> {
  const { clock, spending, policies, limits, models } = services;
  const startedAt = clock.monotonic();
  const policy = policies.of(caller.id);
  limits.admit(caller.id, policy, { model: call.model, tokens: call.inputTokens });
  const target = await models.resolve(call.model);
  const { candidate, price } = target;
  if (!promisesEnough(candidate.dataPolicy, policy.dataPolicy)) {
    throw new AppError("denied", "That model's endpoint does not promise what this key demands for its texts.");
  }
  const expected = { inputTokens: call.inputTokens, outputTokens: 0, cachedInputTokens: 0 };
  const costUsd = price.costOf(expected);
  assertAffordable(policy, target, costUsd);
  const hold = await spending.reserve({
    requestId,
    server: "ai",
    service: candidate.service,
    caller: caller.id,
    unit: "tokens",
    quantity: call.inputTokens,
    costUsd,
    budgets: policy.budgets,
  });
  const tell = (outcome: CallRecord["outcome"], usage: Usage, cost: Cost, errorKind?: string): void => {
    const totalMs = clock.monotonic() - startedAt;
    const base = { requestId, caller: caller.id, operation: call.operation, requestedModel: call.model };
    services.callLog.record({
      ...base,
      ...toRecord(target, { usage, cost, totalMs, now: clock.now() }),
      outcome,
      ...(errorKind !== undefined && { errorKind }),
    });
  };
  try {
    const { value, usage = { ...expected, estimated: true } } = await call.ask(target.provider.client, signal);
    const cost = priceCall(target, usage);
    const kind = usage.estimated ? ("estimate" as const) : ("actual" as const);
    spending.settle(hold, { quantity: usage.inputTokens, costUsd: cost.costUsd, kind, priceAsOf: price.asOf });
    response.setHeader("x-sophia-provider", candidate.service);
    response.setHeader("x-sophia-mode", candidate.mode);
    response.setHeader("x-sophia-cost-usd", cost.priceKnown ? String(Number(cost.costUsd.toFixed(9))) : "unknown");
    tell("ok", usage, cost);
    return { value, usage };
  } catch (error) {
    const kind = error instanceof AppError ? error.kind : "internal";
    const outcome = signal.aborted ? "cancelled" : "error";
    const { usage, cost } = closeFailed(spending, hold, { target, expected, brokenOff: isBrokenOff(error, signal) });
    tell(outcome, usage, cost, kind);
    throw error;
  }
}

/** As with chat: what a provider has read when its caller leaves is paid for; what it refused is not. */
function closeFailed(
  spending: Spending,
  hold: Hold,
  { target, expected, brokenOff }: { target: Target; expected: Omit<Usage, "estimated">; brokenOff: boolean },
): { usage: Usage; cost: Cost } {
  if (!brokenOff) {
    spending.release(hold);
    return { usage: { ...expected, inputTokens: 0, estimated: true }, cost: freeCost };
  }
  const usage = { ...expected, estimated: true };
  const cost = priceCall(target, usage);
  const { inputTokens: quantity } = usage;
  spending.settle(hold, { quantity, costUsd: cost.costUsd, kind: "estimate", priceAsOf: target.price.asOf });
  return { usage, cost };
}

const freeCost: Cost = { costUsd: 0, priceKnown: true };

function toRecord(
  { candidate, price }: Target,
  { usage, cost, totalMs, now }: { usage: Usage; cost: Cost; totalMs: number; now: number },
) {
  const { service, mode, model } = candidate;
  return {
    startedAt: now - totalMs,
    origin: "gateway" as const,
    stream: false,
    model,
    service,
    mode,
    category: "general",
    cache: "bypass" as const,
    route: "named" as const,
    propensity: 1,
    inputTokens: usage.inputTokens,
    outputTokens: 0,
    cachedInputTokens: 0,
    tokensEstimated: usage.estimated,
    ...cost,
    priceAsOf: price.asOf,
    totalMs,
    overheadMs: 0,
    attempts: [],
  };
}
