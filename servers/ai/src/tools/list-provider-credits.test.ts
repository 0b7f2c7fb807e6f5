import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { ProviderAccount } from "../accounts/provider-accounts.ts";
import { listProviderCredits } from "./list-provider-credits.ts";

const known: ProviderAccount[] = [
  { service: "openrouter", mode: "live", state: "stated", remainingUsd: 12.5, daysLeft: 9, usedThisMonthUsd: 37 },
  { service: "ollama", mode: "local", state: "free" },
];

async function run(input: unknown, accounts: ProviderAccount[] = known) {
  const context: ToolContext<{ providerAccounts: { list(): Promise<ProviderAccount[]> } }> = {
    services: { providerAccounts: { list: () => Promise.resolve(accounts) } },
    caller: { id: "c1", name: "tester", scopes: ["read"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return listProviderCredits.output.parse(
    await listProviderCredits.run(listProviderCredits.input.parse(input), context),
  );
}

test("lists all, and names itself as the source", async () => {
  expect(await run({})).toEqual({ accounts: known, source: { service: "sophia", mode: "local", costUsd: 0 } });
});

test("lists one, and names it", async () => {
  expect(await run({ service: "openrouter" })).toEqual({
    accounts: known.slice(0, 1),
    source: { service: "openrouter", mode: "live", costUsd: 0 },
  });
});

test("money is told to a millionth, without the noise behind it", async () => {
  const account = { ...known[0], usedUsd: 0.000_512_899_999 } as ProviderAccount;
  expect((await run({}, [account])).accounts[0]?.usedUsd).toBe(0.000513);
});

test("a provider that is not in use is said to be none; without any the list is empty", async () => {
  const asked = run({ service: "together" });
  await expect(asked).rejects.toMatchObject({ kind: "not_found", hint: expect.stringContaining("openrouter, ollama") });
  expect((await run({}, [])).accounts).toEqual([]);
});
