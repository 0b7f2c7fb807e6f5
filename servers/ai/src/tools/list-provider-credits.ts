import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { ProviderAccount, ProviderAccounts } from "../accounts/provider-accounts.ts";

interface Services {
  providerAccounts: Pick<ProviderAccounts, "list">;
}

const Usd = z.number().optional();

export const listProviderCredits = defineTool({
  name: "list_provider_credits",
  title: "List provider credits",
  description: `Shows what is left to spend at each model provider: credit, limits of the key, use today and this month.
- Use when a provider refuses for lack of credit, or before a large job.
- What the company spent by our own ledger is in report_usage; this is what the provider says. Portkey's figures count what went through it, at its own prices, in whole cents.
Example: {}`,
  effect: "read",
  openWorld: true,
  input: z.strictObject({
    service: z.string().max(60).optional().describe("Only this provider, e.g. openrouter."),
  }),
  output: z.object({
    accounts: z.array(
      z.object({
        service: z.string(),
        mode: z.enum(["live", "local", "simulated"]),
        state: z
          .enum(["stated", "not_offered", "free", "failed"])
          .describe("not_offered: the provider has no API for it; free: nobody bills; failed: it did not answer."),
        remainingUsd: Usd.describe(
          "What may still be spent: the lesser of credit and key limit. Absent: no limit known.",
        ),
        daysLeft: z.int().optional().describe("Until nothing remains at this month's pace."),
        boughtUsd: Usd.describe("Credit bought in all."),
        usedUsd: Usd.describe("Used of all time."),
        usedTodayUsd: Usd.describe("Since midnight UTC."),
        usedThisMonthUsd: Usd.describe("Since the first of the month, UTC."),
        keyLimitUsd: Usd.describe("Most the key may spend."),
        keyLimitReset: z.string().optional().describe("When the key's limit starts anew."),
        keyExpiresAt: z.string().optional().describe("ISO 8601."),
        requestsThisMonth: z.int().optional().describe("Of a gateway such as Portkey: calls in its log."),
        errorsThisMonth: z.int().optional(),
        cacheHitsThisMonth: z.int().optional().describe("Answered from the gateway's own cache."),
        page: z.string().optional().describe("Where a person finds the same."),
        reason: z.string().optional().describe("Why there are no figures."),
      }),
    ),
    source: Source,
  }),
  items: "accounts",
  async run({ service }, { services, signal }: ToolContext<Services>) {
    const all = await services.providerAccounts.list(signal);
    const accounts = all.filter((account) => service === undefined || account.service === service);
    if (service !== undefined && accounts.length === 0) {
      const known = all.map((account) => account.service).join(", ") || "none";
      throw new AppError("not_found", "No provider of that name is in use.", {
        hint: `In use: ${known}. \`npm run sophia -- doctor\` shows what each needs.`,
      });
    }
    const only = accounts.length === 1 ? accounts[0] : undefined;
    return {
      accounts: accounts.map(roundMoney),
      source: { service: only?.service ?? "sophia", mode: only?.mode ?? ("local" as const), costUsd: 0 },
    };
  },
});

/** Sums of a provider end in the noise of its floating point: a millionth of a dollar is fine enough. */
function roundMoney(account: ProviderAccount): ProviderAccount {
  const rounded = Object.entries(account).map(([name, value]: [string, unknown]) => [
    name,
    name.endsWith("Usd") && typeof value === "number" ? Number(value.toFixed(6)) : value,
  ]);
  return Object.fromEntries(rounded) as ProviderAccount;
}
