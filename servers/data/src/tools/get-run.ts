import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { fenceUntrusted } from "../domain/fence-untrusted.ts";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "apify">;
}

const logBytes = 4_000;
const longestWaitSeconds = 45;

export const getRun = defineTool({
  name: "get_run",
  title: "Look at an Apify run",
  description: `Tells how a run of an Actor stands: state, cost, dataset, and the end of its log.
- Use for runs of this account, started here or elsewhere. What it found: get_dataset_items with its datasetId.
Example: {"runId": "HG7ML7M8z78YcAPEB", "waitSeconds": 30}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: z.strictObject({
    runId: z.string().min(1).max(100).describe("Apify's id of the run."),
    waitSeconds: z.int().min(0).max(longestWaitSeconds).default(0).describe("Longest wait for its end."),
    wantLog: z.boolean().default(false).describe("Also the end of its log."),
  }),
  output: z.object({
    runId: z.string(),
    status: z.string().describe("As Apify words it."),
    isFinal: z.boolean(),
    statusMessage: z.string().nullable(),
    startedAt: z.string(),
    finishedAt: z.string().nullable(),
    datasetId: z.string(),
    costUsd: z.number().nullable().describe("So far; settled ten seconds after the end."),
    log: z.string().optional(),
    untrusted: z.literal(true).describe("Messages and log are the Actor's own words."),
    source: Source,
  }),
  async run({ runId, waitSeconds, wantLog }, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "apify");
    const run = await client.waitForRun(runId, { waitMs: waitSeconds * 1_000, signal });
    const log = wantLog ? await client.readLog(runId, { maxBytes: logBytes, signal }) : undefined;
    return {
      runId: run.id,
      status: run.status,
      isFinal: run.isFinal,
      statusMessage: run.statusMessage ?? null,
      startedAt: new Date(run.startedAt).toISOString(),
      finishedAt: run.finishedAt === undefined ? null : new Date(run.finishedAt).toISOString(),
      datasetId: run.datasetId,
      costUsd: run.costUsd ?? null,
      ...(log && { log: log.text }),
      untrusted: true as const,
      source: { service: "apify", mode, costUsd: 0 },
    };
  },
  render({ runId, status, costUsd, datasetId, log, startedAt }) {
    const head = `Run ${runId}: ${status}, ${costUsd ?? "unknown"} USD, dataset ${datasetId}.`;
    if (log === undefined) return head;
    const url = `https://console.apify.com/actors/runs/${runId}`;
    return `${head}\n${fenceUntrusted(log, { id: runId, url, fetchedAt: startedAt })}`;
  },
});
