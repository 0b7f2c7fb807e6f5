import { AppError } from "@sophia/core/errors/app-error";
import type { PhantombusterClient } from "@sophia/vendors/phantombuster/client";
import type { Reached } from "../../domain/reached-vendors.ts";
import type { LongSource } from "../source.ts";
import { ofSource } from "./of-source.ts";
import { toRecordPage } from "./record-page.ts";

type Client = Pick<
  PhantombusterClient,
  "launch" | "findLaunch" | "waitForContainer" | "getContainer" | "getResult" | "stopAgent" | "getResources"
>;

const mostRecords = 2_000;

/**
 * Launches of agents, of each one after the other: it acts as a person. As many agents run beside each other as the plan
 * has slots; it is paid by the month, not by the launch.
 */
export function createPhantombusterLaunches({ client, mode }: Reached<Client>): LongSource {
  return {
    kind: "long",
    name: "phantombuster",
    service: "phantombuster",
    mode,
    unit: "launches",
    concurrency: async (signal) => (await client.getResources(signal)).parallelism,
    laneOf: (item) => ofSource(item, "phantombuster").agentId,
    pollMs: 15_000,
    estimate: () => ({ quantity: 1, costUsd: 0 }),
    async start(item, tag, signal) {
      const { agentId, argument } = ofSource(item, "phantombuster");
      const launched = await client.launch({ agentId, bonusArgument: argument, tag }, signal);
      return launched.outcome === "launched" ? { handle: launched.containerId } : "unknown";
    },
    async find(item, { tag }, signal) {
      return (await client.findLaunch({ agentId: ofSource(item, "phantombuster").agentId, tag }, signal))?.id;
    },
    async hasEnded(_item, handle, signal) {
      const container = await client.waitForContainer(handle, { waitMs: this.pollMs, signal });
      if (!container.isEnded) return false;
      if (container.isSuccess) return true;
      throw new AppError("upstream", "The agent's run ended without success.", {
        hint: "get_phantom_output shows its log.",
        retryable: false,
        service: "phantombuster",
      });
    },
    async read(_item, handle, signal) {
      const result = await client.getResult(handle, signal);
      const records = (Array.isArray(result) ? (result as unknown[]) : [result]).filter((record) => record !== null);
      const place = `https://phantombuster.com/containers/${handle}`;
      return {
        pages: records.slice(0, mostRecords).map((record, index) => toRecordPage(record, `${place}?record=${index}`)),
        quantity: 1,
        costUsd: 0,
        kind: "actual",
        ...(records.length > mostRecords && { note: `${records.length} records came, ${mostRecords} were kept.` }),
      };
    },
    cost: async () => ({ quantity: 1, costUsd: 0, kind: "actual" }),
    stop: async (item, _handle, signal) =>
      await client.stopAgent(ofSource(item, "phantombuster").agentId, { soft: true, signal }),
  };
}
