import { AppError } from "@sophia/core/errors/app-error";
import type { Hold, Spending } from "@sophia/core/ledger/spending";
import type { Clock } from "@sophia/core/limits/clock";
import type { EndpointHealth } from "@sophia/core/routing/endpoint-health";
import { type Attempt, createFallback } from "@sophia/core/routing/fallback";
import type { AnswerFacts } from "@sophia/vendors/openai-shape/call-wishes";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import { assertAffordable } from "./assert-affordable.ts";
import type { CallJournal } from "./call-journal.ts";
import type { ChatCall, Cost } from "./chat-call.ts";
import { isBrokenOff } from "./is-broken-off.ts";
import type { KeyPolicy } from "./key-policy.ts";
import { priceCall } from "./price-call.ts";
import type { Target } from "./targets.ts";

export interface AskParts {
  spending: Spending;
  health: EndpointHealth;
  clock: Clock;
}

export interface AskRequest {
  call: ChatCall;
  targets: readonly Target[];
  policy: KeyPolicy;
  expected: Pick<Usage, "inputTokens" | "outputTokens" | "cachedInputTokens">;
  journal: CallJournal;
  signal: AbortSignal;
}

/** For all tries of a call together: four silent places must not keep a caller for four deadlines. */
const callTimeoutMs = 300_000;

/** One try at one target, with its money set aside. */
export interface Try {
  target: Target;
  attempt: Attempt;
  /** What the tries before have left of the call's time; undefined for the first. */
  timeoutMs: number | undefined;
  /** Present where the caller asks for the provider's own cache. */
  onFacts: ((facts: AnswerFacts) => void) | undefined;
  /** Never throws: the answer has been paid for and must reach its caller. */
  settle(usage: Usage): Cost;
  /** The try is over: for the journal. */
  note(outcome: string): void;
}

/**
 * Target by target until one has answered. The money is set aside for each target anew: a free model must not fall back
 * to a paid one unchecked. A failure of `ask` must come before anything of an answer was given away.
 */
export async function askTargets<T>(
  parts: AskParts,
  request: AskRequest,
  ask: (one: Try) => Promise<T>,
): Promise<{ target: Target; value: T }> {
  const { targets, journal, signal } = request;
  const candidates = targets.map(({ candidate }) => candidate);
  const fallback = createFallback({ targets: candidates, health: parts.health, clock: parts.clock });
  const startedAt = parts.clock.monotonic();
  let timeoutMs: number | undefined;
  for (let attempt = fallback.next(); attempt; attempt = fallback.next()) {
    const { id } = attempt.candidate;
    const target = targets.find(({ candidate }) => candidate.id === id);
    if (!target) throw new AppError("internal", "A route led to a target it was not given.");
    const note = createNote(parts.clock, journal, target);
    let hold: Hold | undefined;
    try {
      hold = await reserve(parts.spending, request, target);
      const settle = createSettle(parts.spending, hold, { target, journal });
      const value = await ask({ target, attempt, timeoutMs, note, settle, onFacts: listenTo(request) });
      return { target, value };
    } catch (error) {
      const failure = attempt.failed(error, signal);
      note(failure.class);
      if (hold) closeFailed(parts.spending, hold, { error, target, request });
      if (signal.aborted) throw error;
      timeoutMs = callTimeoutMs - (parts.clock.monotonic() - startedAt);
      if (timeoutMs <= 0) break;
    }
  }
  throw fallback.toError();
}

function reserve(spending: Spending, request: AskRequest, target: Target): Hold | Promise<Hold> {
  const { call, policy, expected } = request;
  const { price, candidate } = target;
  const costUsd = price.costOf(expected);
  assertAffordable(policy, target, costUsd);
  return spending.reserve({
    requestId: call.requestId,
    server: "ai",
    service: candidate.service,
    caller: call.caller.id,
    unit: "tokens",
    quantity: expected.inputTokens + expected.outputTokens,
    costUsd,
    budgets: policy.budgets,
  });
}

function listenTo({ call, journal }: AskRequest): Try["onFacts"] {
  if (call.providerCacheMs === undefined) return undefined;
  journal.providerCache = undefined;
  return ({ responseCache }) => void (journal.providerCache = responseCache);
}

function createSettle(
  spending: Spending,
  hold: Hold,
  { target, journal }: { target: Target; journal: CallJournal },
): Try["settle"] {
  return (usage) => {
    // What comes from the provider's cache no model was asked for, unless the provider says otherwise.
    const isCached = journal.providerCache === "hit";
    const cost = priceCall(target, isCached ? { ...usage, statedCostUsd: usage.statedCostUsd ?? 0 } : usage);
    spending.settle(hold, {
      quantity: usage.inputTokens + usage.outputTokens,
      costUsd: cost.costUsd,
      kind: usage.estimated ? "estimate" : "actual",
      priceAsOf: target.price.asOf,
    });
    return cost;
  };
}

function createNote(clock: Clock, journal: CallJournal, { candidate }: Target): Try["note"] {
  const startedAt = clock.monotonic();
  return (outcome) => {
    const durationMs = clock.monotonic() - startedAt;
    journal.waited(durationMs);
    const { service, model } = candidate;
    journal.attempts.push({ service, model, startedMs: startedAt - journal.startedAt, durationMs, outcome });
  };
}

/**
 * Without an answer: nothing is charged for a refusal or a dead provider; a call the caller broke off was being worked
 * on, and its prompt is charged as an estimate.
 */
function closeFailed(
  spending: Spending,
  hold: Hold,
  { error, target, request }: { error: unknown; target: Target; request: AskRequest },
): void {
  if (!isBrokenOff(error, request.signal)) {
    spending.release(hold);
    return;
  }
  const usage = { ...request.expected, outputTokens: 0, cachedInputTokens: 0, estimated: true };
  createSettle(spending, hold, { target, journal: request.journal })(usage);
}
