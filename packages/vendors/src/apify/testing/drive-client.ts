import type { ApifyClient } from "../client.ts";

const crawler = { actor: "apify~website-content-crawler" };
export const crawlerInput = { startUrls: [{ url: "https://tradewire.example/" }], maxCrawlPages: 5 };

/** Every operation of the client once, against a simulator whose runs are short. Throws where one does not hold. */
export async function driveApifyClient(client: ApifyClient, signal: AbortSignal): Promise<void> {
  await driveCatalogue(client, signal);
  const started = await client.startRun(
    { target: crawler, input: crawlerInput, tag: "driven-run-1", timeoutSecs: 3_600, maxItems: 4, memoryMbytes: 1_024 },
    signal,
  );
  if (started.outcome !== "started") throw new Error("the run was not started");
  await client.addWebhook(
    { runId: started.run.id, url: "http://127.0.0.1:9/apify", tag: "driven-run-1", signature: "signature" },
    signal,
  );
  const run = await client.waitForRun(started.run.id, { waitMs: 30_000, signal });
  if (run.status !== "SUCCEEDED") throw new Error(`the run ended as ${run.status}`);
  await client.settleCost(run, signal);
  await client.findRun({ tag: "driven-run-1", since: started.run.startedAt }, signal);
  await client.listRuns({ limit: 10, status: "SUCCEEDED" }, signal);
  await client.listRuns({ limit: 10, actor: crawler.actor }, signal);
  await client.readLog(run.id, { maxBytes: 2_000, signal });
  await client.abortRun(run.id, { gracefully: true, signal });
  await driveStorages(client, run, signal);
  await client.getLimits(signal);
  await client.getMonthlyUsage(signal, "2026-11-01");
  await client.getUser(signal);
}

async function driveCatalogue(client: ApifyClient, signal: AbortSignal): Promise<void> {
  await client.searchActors({ search: "crawler", limit: 5, category: "AI", pricingModel: "FREE" }, signal);
  await client.listActors({ limit: 2, offset: 1 }, signal);
  await client.getActor("apify~google-search-scraper", signal);
  await client.validateInput(crawler.actor, crawlerInput, signal);
  const { tasks } = await client.listTasks({ limit: 10 }, signal);
  const task = await client.getTask(tasks[0]?.id ?? "", signal);
  await client.startRun({ target: { task: task.id }, input: {}, tag: "driven-task-1", timeoutSecs: 600 }, signal);
}

async function driveStorages(
  client: ApifyClient,
  run: { datasetId: string; keyValueStoreId: string },
  signal: AbortSignal,
): Promise<void> {
  await client.listDatasets({ limit: 10, unnamed: true }, signal);
  await client.getDataset(run.datasetId, signal);
  await client.describeItems(run.datasetId, signal);
  const page = { offset: 0, limit: 2, fields: ["url", "text"], omit: ["text"], clean: true, isNewestFirst: true };
  await client.listItems(run.datasetId, page, signal);
  await Array.fromAsync(client.eachItem(run.datasetId, { most: 10 }, signal));
  await client.listKeyValueStores({ limit: 10, unnamed: true }, signal);
  await client.getKeyValueStore(run.keyValueStoreId, signal);
  await client.listKeys(run.keyValueStoreId, { limit: 1, after: "A", prefix: "O" }, signal);
  await client.getRecord(run.keyValueStoreId, "OUTPUT", { maxBytes: 10_000, signal });
}
