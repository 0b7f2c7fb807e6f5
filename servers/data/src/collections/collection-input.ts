import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import { CollectionSpec } from "./collection-spec.ts";

const Texts = z.array(z.string().min(1).max(8_192)).max(1_000).optional();

/** A specification as tools take it: one flat object a source, which is shorter to show than one of each kind. */
const SourceInput = z.strictObject({
  source: z
    .enum(["pages", "tavily", "research", "twingly", "zenrows", "apify", "phantombuster"])
    .describe(
      "pages: fetched directly; zenrows: pages that refuse that; tavily: searches; research: reports; twingly: news.",
    ),
  urls: Texts.describe("pages, zenrows."),
  queries: Texts.describe("tavily, research, twingly."),
  model: z.enum(["mini", "pro", "auto"]).optional().describe("research."),
  actor: z.string().optional().describe("apify: username~name."),
  agentId: z.string().optional().describe("phantombuster: from list_phantoms."),
  inputs: z.array(z.record(z.string(), z.json())).max(50).optional().describe("apify, phantombuster: one run each."),
  maxItems: z.int().optional().describe("Of each search or run."),
  depth: z.enum(["basic", "advanced"]).optional().describe("tavily."),
  topic: z.enum(["general", "news", "finance"]).optional().describe("tavily."),
  timeRange: z.enum(["day", "week", "month", "year"]).optional().describe("tavily."),
  maxCredits: z.int().optional().describe("zenrows, a page: 1 plain, 6 scripts, 41 proxy."),
  maxRunUsd: z.number().optional().describe("apify: most a run may cost."),
});

export const collectionInput = {
  name: z.string().max(100).optional().describe("For people."),
  sources: z.array(SourceInput).min(1).max(10).describe("Asked side by side."),
  budgetUsd: z.number().min(0).max(10_000).default(1).describe("Most that all may cost."),
  deadlineMinutes: z.number().min(1).max(1_440).default(60).describe("Nothing is begun later."),
};

const hasResults: ReadonlySet<string> = new Set(["tavily", "twingly"]);

/** Throws AppError `invalid_input` that names what does not belong to a source or is missing. */
export function toCollectionSpec(input: z.output<z.ZodObject<typeof collectionInput>>): CollectionSpec {
  const sources = input.sources.map(({ maxItems, ...source }) => ({
    ...source,
    ...(maxItems !== undefined && { [hasResults.has(source.source) ? "maxResults" : "maxItems"]: maxItems }),
  }));
  const parsed = CollectionSpec.safeParse({ ...input, sources });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new AppError("invalid_input", `The collection does not fit: ${issues.join("; ")}.`);
}
