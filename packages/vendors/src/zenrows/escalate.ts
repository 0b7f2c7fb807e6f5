import { AppError } from "@sophia/core/errors/app-error";
import { estimateZenRowsCost, powerCredits, type ZenRowsCost, type ZenRowsPower } from "./cost.ts";
import { codeOf } from "./error-codes.ts";
import type { ZenRowsFetch } from "./fetch-options.ts";
import type { ZenRowsFetches, ZenRowsReply } from "./fetch.ts";

export interface EscalationStep {
  power: ZenRowsPower;
  credits: number;
  /** `too_little`: the vendor did not get at the page; `not_accepted`: it did, but at the wrong content. */
  outcome: "fetched" | "too_little" | "not_accepted";
}

export interface Escalated {
  reply: ZenRowsReply;
  steps: EscalationStep[];
  /** Of all steps. */
  credits: number;
  costUsd: number;
}

export interface EscalationOptions {
  /** All steps together never cost more. */
  maxCredits: number;
  /** Default: each power in the order of its price. `["auto"]` leaves the climbing to the vendor. */
  powers?: readonly ZenRowsPower[];
  /** Says whether this is the page, and not one that asks whether the reader is human. */
  accepts?: (reply: ZenRowsReply) => boolean;
  signal: AbortSignal;
}

const ladder: readonly ZenRowsPower[] = ["basic", "js_render", "premium_proxy", "both"];
/** More power may help. Any other refusal stays what it is however much is paid. */
const needsMore = new Set(["REQS002", "RESP001"]);
/** There is no such page, no such host: https://docs.zenrows.com/api-error-codes */
const isBilledAllTheSame = new Set(["RESP002", "RESP007"]);

/**
 * From the cheapest way to the dearest until a page comes, within a budget. This is no retry: each step is another
 * request, and each page that comes is paid for.
 *
 * @throws AppError `budget_exceeded` when the next step does not fit; its cause is the last refusal. What the steps
 * before a failure have cost is the `cost` of the error.
 */
export async function fetchWithEscalation(
  client: Pick<ZenRowsFetches, "fetchPage">,
  request: Omit<ZenRowsFetch, "power">,
  options: EscalationOptions,
): Promise<Escalated> {
  const { powers = ladder, accepts = () => true, signal } = options;
  const steps: EscalationStep[] = [];
  let spent = nothing;
  let last: AppError | undefined;
  for (const power of powers.filter((each) => canServe(each, request))) {
    if (spent.credits + powerCredits[power] > options.maxCredits)
      throw withCost(tooDear(power, spent.credits, last), spent);
    try {
      const reply = await client.fetchPage({ ...request, power }, signal);
      const { credits } = reply.cost;
      spent = add(spent, reply.cost);
      const isAccepted = accepts(reply);
      steps.push({ power, credits, outcome: isAccepted ? "fetched" : "not_accepted" });
      if (isAccepted) return { reply, steps, credits: spent.credits, costUsd: spent.costUsd };
      last = undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const code = codeOf(error) ?? "";
      if (isBilledAllTheSame.has(code)) throw withCost(error, add(spent, estimateZenRowsCost(power)));
      if (!needsMore.has(code)) throw withCost(error, spent);
      // What did not come is not billed.
      steps.push({ power, credits: 0, outcome: "too_little" });
      last = error;
    }
  }
  throw withCost(last ?? notThePage(steps), spent);
}

const nothing: ZenRowsCost = { credits: 0, costUsd: 0, kind: "actual" };

function add(one: ZenRowsCost, other: ZenRowsCost): ZenRowsCost {
  const kind = one.kind === "actual" ? other.kind : one.kind;
  return { credits: one.credits + other.credits, costUsd: one.costUsd + other.costUsd, kind };
}

function withCost(error: AppError, { credits, costUsd, kind }: ZenRowsCost): AppError {
  if (credits > 0) error.cost = { quantity: credits, costUsd, kind };
  return error;
}

/** A wish that needs a browser or a proxy makes the steps without one pointless. */
function canServe(power: ZenRowsPower, request: Omit<ZenRowsFetch, "power">): boolean {
  const { waitMs, waitFor, instructions, blockResources, screenshot, jsonResponse, proxyCountry } = request;
  const hasBrowser = power === "js_render" || power === "both" || power === "auto";
  const hasProxy = power === "premium_proxy" || power === "both" || power === "auto";
  const wantsBrowser =
    [waitMs, waitFor, instructions, blockResources, screenshot].some((wish) => wish !== undefined) ||
    jsonResponse === true;
  return (hasBrowser || !wantsBrowser) && (hasProxy || proxyCountry === undefined);
}

function tooDear(power: ZenRowsPower, spent: number, cause: AppError | undefined): AppError {
  const needed = spent + powerCredits[power];
  return new AppError("budget_exceeded", `The page needs ${power}, which the credits for it do not cover.`, {
    hint: `${spent} credits are spent: allow at least ${needed} for this page.`,
    service: "zenrows",
    ...(cause !== undefined && { cause }),
  });
}

function notThePage(steps: readonly EscalationStep[]): AppError {
  return new AppError("upstream", "ZenRows fetched pages, but none was the one that was asked for.", {
    hint: `Tried: ${steps.map(({ power }) => power).join(", ")}. Use another source.`,
    service: "zenrows",
    retryable: false,
  });
}
