import { AppError } from "@sophia/core/errors/app-error";
import type { ApifyClient } from "@sophia/vendors/apify/client";
import type { Reached } from "../../domain/reached-vendors.ts";
import type { LongSource } from "../source.ts";
import { billed } from "./billed.ts";
import { ofSource } from "./of-source.ts";
import { toRecordPage } from "./record-page.ts";

type Client = Pick<
  ApifyClient,
  "startRun" | "findRun" | "getRun" | "waitForRun" | "listItems" | "settleCost" | "abortRun"
>;

/** Runs of Actors. Each is started once, by its tag, and stopped by the vendor at its time and money. */
export function createApifyRuns({ client, mode }: Reached<Client>): LongSource {
  return {
    kind: "long",
    name: "apify",
    service: "apify",
    mode,
    unit: "runs",
    concurrency: 4,
    pollMs: 10_000,
    estimate: (item) => billed(mode, { quantity: 1, costUsd: ofSource(item, "apify").maxRunUsd }),
    async start(item, tag, signal) {
      const { actor, input, maxItems, maxRunUsd, timeoutSeconds } = ofSource(item, "apify");
      const limits = { timeoutSecs: timeoutSeconds, maxTotalChargeUsd: maxRunUsd, maxItems };
      const started = await client.startRun({ target: { actor }, input, tag, ...limits }, signal);
      return started.outcome === "started" ? { handle: started.run.id } : "unknown";
    },
    find: async (_item, wanted, signal) => (await client.findRun(wanted, signal))?.id,
    async hasEnded(_item, handle, signal) {
      const { isFinal, status } = await client.waitForRun(handle, { waitMs: this.pollMs, signal });
      if (!isFinal) return false;
      // What a run found before its time or money was over is there all the same.
      if (status === "SUCCEEDED" || status === "TIMED-OUT" || status === "ABORTED") return true;
      throw new AppError("upstream", `The run of the Actor ended as ${status}.`, {
        hint: "get_run shows its log.",
        retryable: false,
        service: "apify",
      });
    },
    async read(item, handle, signal) {
      const { maxItems } = ofSource(item, "apify");
      const run = await client.getRun(handle, signal);
      const { items, total } = await client.listItems(run.datasetId, { limit: maxItems, clean: true }, signal);
      const cost = await client.settleCost(run, signal);
      const place = `https://console.apify.com/storage/datasets/${run.datasetId}`;
      return {
        pages: items.map((record, index) => toRecordPage(record, `${place}?item=${index}`)),
        ...billed(mode, { quantity: 1, costUsd: cost.costUsd }),
        kind: cost.kind,
        ...(total > items.length && { note: `${total} items are there, ${items.length} were taken.` }),
      };
    },
    async cost(_item, handle, signal) {
      const cost = await client.settleCost(await client.getRun(handle, signal), signal);
      return { ...billed(mode, { quantity: 1, costUsd: cost.costUsd }), kind: cost.kind };
    },
    stop: async (_item, handle, signal) => void (await client.abortRun(handle, { gracefully: true, signal })),
  };
}
