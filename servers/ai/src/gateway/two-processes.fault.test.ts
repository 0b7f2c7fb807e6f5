import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startScript } from "@sophia/core/testing/child-script";
import { openStore } from "@sophia/core/store/store";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AiTables, aiMigrations } from "../migrations.ts";
import { answerSoundly, type RawProvider, rawPrices, startRawProvider } from "../testing/raw-provider.ts";

const outputTokens = 1_000;
/** What the provider says each call took: all of the output that was allowed. */
const usage = { prompt_tokens: 10, completion_tokens: outputTokens, total_tokens: outputTokens + 10 };
const callUsd = usage.prompt_tokens * rawPrices.input + outputTokens * rawPrices.output;
/** Room for five, not for six. */
const budgetUsd = callUsd * 5.5;

let provider: RawProvider;
let dataDir: string;
beforeEach(async () => {
  provider = await startRawProvider(["m/one"]);
  dataDir = await mkdtemp(join(tmpdir(), "sophia-ai-"));
});
afterEach(async () => {
  await provider.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** One of several processes on one data directory; it says where it listens, and a bearer. */
const script = `
  const [dataDir, providerUrl, budgetUsd] = process.argv.slice(2).map((value) => JSON.parse(value));
  const { startAiHarness } = await import(${JSON.stringify(new URL("../testing/ai-harness.ts", import.meta.url).href)});
  const harness = await startAiHarness({
    dataDir,
    endpoints: () => [{ service: "openrouter", mode: "live", baseUrl: providerUrl, models: [] }],
    settings: { SOPHIA_AI_BUDGET_USD_PER_DAY: budgetUsd },
  });
  process.once("SIGTERM", () => void harness.close().then(() => process.exit(0)));
  console.log(\`listens \${harness.url} \${await harness.createBearer()}\`);
`;

test("of 50 concurrent calls to two processes on a budget for five, none is over", async () => {
  const processes = [1, 2].map(() => startScript(script, dataDir, provider.url, budgetUsd.toFixed(6)));
  const places = await Promise.all(
    processes.map(async (one) => {
      const [, url = "", bearer = ""] = (await one.waitFor("listens")).split(" ");
      return { url: `${url}/v1/chat/completions`, bearer };
    }),
  );
  // All of them are let through or refused before the first is paid.
  const answer = answerSoundly("a sound answer", usage);
  provider.answer((socket, request) => void delay(400).then(() => answer(socket, request)));
  const calls = Array.from({ length: 50 }, async (_, index) => {
    const { url = "", bearer = "" } = places[index % 2] ?? {};
    const reply = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: "m/one",
        messages: [{ role: "user", content: `question ${index}` }],
        max_tokens: outputTokens,
        stream: index % 3 === 0,
      }),
    });
    return { status: reply.status, text: await reply.text() };
  });
  const answers = await Promise.all(calls);
  const refused = answers.filter(({ status }) => status === 402);
  const answered = answers.filter(({ status }) => status === 200);
  expect(answered.length + refused.length).toBe(50);
  expect(answered.length).toBeGreaterThanOrEqual(4);
  expect(provider.chats().length).toBe(answered.length);
  expect(provider.chats().length * callUsd).toBeLessThanOrEqual(budgetUsd);
  for (const { text } of refused) expect(JSON.parse(text)).toMatchObject({ error: { type: "insufficient_quota" } });
  for (const one of processes) one.kill("SIGTERM");
  await Promise.all(processes.map(({ ended }) => ended));
  expect(await readLedger()).toEqual({
    lines: answered.length,
    costUsd: expect.closeTo(answered.length * callUsd, 9) as number,
  });
}, 60_000);

async function readLedger(): Promise<{ lines: number; costUsd: number }> {
  const store = await openStore<AiTables>({ dataDir, migrations: aiMigrations, log: pino({ level: "silent" }) });
  try {
    const rows = await store.db.selectFrom("ledger_entries").select("cost_nano_usd").execute();
    return { lines: rows.length, costUsd: rows.reduce((sum, row) => sum + row.cost_nano_usd, 0) / 1e9 };
  } finally {
    await store.close();
  }
}
