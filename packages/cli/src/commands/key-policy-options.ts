import { describePolicy, noPolicy, type StoredPolicy } from "@sophia/ai/policies/stored-policy";
import { AppError } from "@sophia/core/errors/app-error";
import { dataPolicies } from "@sophia/core/routing/data-policy";
import { type Command, InvalidArgumentError, Option } from "commander";

/** What `token create` was given to limit a key of the AI server by. */
export interface KeyPolicyOptions {
  budgetUsdPerDay?: number;
  budgetUsdPerMonth?: number;
  maxUsdPerCall?: number;
  models?: string[];
  dataPolicy?: StoredPolicy["dataPolicy"];
  region?: string;
  requestsPerMinute?: number;
  tokensPerMinute?: number;
}

export function addKeyPolicyOptions(command: Command): Command {
  return command
    .option("--budget-usd-per-day <usd>", "AI server: most it may spend in any 24 hours", parseUsd)
    .option("--budget-usd-per-month <usd>", "AI server: most it may spend in any 30 days", parseUsd)
    .option("--max-usd-per-call <usd>", "AI server: most one call may cost", parseUsd)
    .option(
      "--models <ids>",
      "AI server: models it may use, separated by commas; * at the end matches the rest",
      parseIds,
    )
    .addOption(
      new Option("--data-policy <policy>", "AI server: the least an endpoint must promise").choices([...dataPolicies]),
    )
    .option("--region <region>", "AI server: where endpoints must run, as SOPHIA_AI_REGIONS names it", parseRegion)
    .option("--requests-per-minute <number>", "AI server: most requests in a minute", parseCount)
    .option("--tokens-per-minute <number>", "AI server: most tokens in a minute", parseCount);
}

/** `undefined` when no limit was given. Throws AppError `invalid_input` for a key of another server. */
export function readKeyPolicy(options: KeyPolicyOptions, server: string): StoredPolicy | undefined {
  const policy: StoredPolicy = {
    ...noPolicy,
    ...(options.budgetUsdPerDay !== undefined && { usdPerDay: options.budgetUsdPerDay }),
    ...(options.budgetUsdPerMonth !== undefined && { usdPerMonth: options.budgetUsdPerMonth }),
    ...(options.maxUsdPerCall !== undefined && { maxCostPerCallUsd: options.maxUsdPerCall }),
    ...(options.models !== undefined && { allowedModels: options.models }),
    ...(options.dataPolicy !== undefined && { dataPolicy: options.dataPolicy }),
    ...(options.region !== undefined && { region: options.region }),
    ...(options.requestsPerMinute !== undefined && { requestsPerMinute: options.requestsPerMinute }),
    ...(options.tokensPerMinute !== undefined && { tokensPerMinute: options.tokensPerMinute }),
  };
  if (describePolicy(policy) === "") return undefined;
  if (server === "ai" || server === "*") return policy;
  throw new AppError("invalid_input", "Budgets, models and rates limit keys of the AI server.", {
    hint: "Leave them out, or use --server ai.",
  });
}

function parseRegion(text: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a name such as eu or us-west-1.");
}

function parseUsd(text: string): number {
  const usd = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && usd <= 1_000_000) return usd;
  throw new InvalidArgumentError("It must be a number of USD, such as 5 or 0.5.");
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100_000_000) return count;
  throw new InvalidArgumentError("It must be a whole number from 1 on.");
}

function parseIds(text: string): string[] {
  const ids = text
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");
  if (ids.length > 0 && ids.length <= 50) return ids;
  throw new InvalidArgumentError("Name 1 to 50 models.");
}
