import { AppError } from "@sophia/core/errors/app-error";
import type { TavilyClient } from "@sophia/vendors/tavily/client";
import { estimateTavilyCost } from "@sophia/vendors/tavily/cost";
import type { Reached } from "../../domain/reached-vendors.ts";
import type { LongSource } from "../source.ts";
import { billed } from "./billed.ts";
import { ofSource } from "./of-source.ts";

type Client = Pick<TavilyClient, "startResearch" | "getResearch" | "waitForResearch">;

/** Reports that Tavily writes over minutes. It has no list of them: one whose start was lost is not found again. */
export function createTavilyResearch({ client, mode }: Reached<Client>): LongSource {
  return {
    kind: "long",
    name: "research",
    service: "tavily",
    mode,
    unit: "credits",
    concurrency: 2,
    pollMs: 20_000,
    estimate() {
      const { credits, costUsd } = estimateTavilyCost({ operation: "research" });
      return billed(mode, { quantity: credits, costUsd });
    },
    async start(item, _tag, signal) {
      const { question, model } = ofSource(item, "research");
      try {
        return { handle: (await client.startResearch({ input: question, model }, signal)).id };
      } catch (error) {
        if (error instanceof AppError && error.reason === "outcome_unknown") return "unknown";
        throw error;
      }
    },
    find: async () => undefined,
    async hasEnded(_item, handle, signal) {
      const { status } = await client.waitForResearch({ id: handle }, { waitMs: this.pollMs, signal });
      if (status !== "failed") return status === "completed";
      throw new AppError("upstream", "Tavily could not write the report.", {
        hint: "Ask again, or ask something narrower.",
        service: "tavily",
      });
    },
    async read(item, handle, signal) {
      const { question } = ofSource(item, "research");
      const report = await client.getResearch({ id: handle }, signal);
      if (report.status !== "completed")
        throw new AppError("upstream", "Tavily's report is gone.", { service: "tavily" });
      const { content, sources, cost } = report;
      const text = typeof content === "string" ? content : `\`\`\`json\n${JSON.stringify(content, null, 2)}\n\`\`\``;
      const list = sources.map(({ url, title }) => `- ${title ?? url}: ${url}`).join("\n");
      const body = { kind: "markdown" as const, markdown: `${text}\n\n## Sources\n\n${list}` };
      return {
        pages: [{ url: `https://app.tavily.com/research/${handle}`, title: question.slice(0, 300), body }],
        ...billed(mode, { quantity: cost.credits, costUsd: cost.costUsd }),
        kind: cost.kind,
      };
    },
    // It tells no cost of a report that failed.
    async cost(item) {
      return { ...this.estimate(item), kind: "estimate" };
    },
    // It has no way to be stopped.
    stop: async () => {},
  };
}
