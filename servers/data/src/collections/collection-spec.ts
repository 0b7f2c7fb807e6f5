import { AppError } from "@sophia/core/errors/app-error";
import { hashCanonical } from "@sophia/core/approval/canonical-hash";
import { z } from "zod";

const Address = z.url({ protocol: /^https?$/ }).max(8_192);
const Addresses = z.array(Address).min(1).max(1_000);
const Input = z.record(z.string(), z.json());

/** One source with the items it is asked for. */
export const SourceSpec = z.discriminatedUnion("source", [
  z.strictObject({ source: z.literal("pages"), urls: Addresses }),
  z.strictObject({
    source: z.literal("tavily"),
    queries: z.array(z.string().min(1).max(400)).min(1).max(200),
    maxResults: z.int().min(1).max(20).default(5),
    depth: z.enum(["basic", "advanced"]).default("basic"),
    topic: z.enum(["general", "news", "finance"]).default("general"),
    timeRange: z.enum(["day", "week", "month", "year"]).optional(),
  }),
  z.strictObject({
    source: z.literal("research"),
    queries: z.array(z.string().min(1).max(2_000)).min(1).max(5),
    model: z.enum(["mini", "pro", "auto"]).default("mini"),
  }),
  z.strictObject({
    source: z.literal("twingly"),
    queries: z.array(z.string().min(1).max(400)).min(1).max(50),
    maxResults: z.int().min(1).max(100).default(20),
  }),
  z.strictObject({
    source: z.literal("zenrows"),
    urls: Addresses,
    maxCredits: z.int().min(1).max(41).default(6),
  }),
  z.strictObject({
    source: z.literal("apify"),
    actor: z.string().min(1).max(200),
    inputs: z.array(Input).min(1).max(50),
    maxItems: z.int().min(1).max(5_000).default(200),
    maxRunUsd: z.number().positive().max(100).default(0.5),
    timeoutSeconds: z.int().min(30).max(86_400).default(900),
  }),
  z.strictObject({
    source: z.literal("phantombuster"),
    agentId: z.string().regex(/^\d{1,20}$/),
    inputs: z.array(Input).min(1).max(20),
  }),
]);
export type SourceSpec = z.output<typeof SourceSpec>;

/** What a person asks for at once. */
export const CollectionSpec = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  sources: z.array(SourceSpec).min(1).max(10),
  budgetUsd: z.number().min(0).max(10_000).default(1),
  deadlineMinutes: z.number().min(1).max(1_440).default(60),
});
export type CollectionSpec = z.output<typeof CollectionSpec>;

/** One item of one source, with all that its source needs to know. */
export type Item =
  | { source: "pages"; url: string }
  | {
      source: "tavily";
      query: string;
      maxResults: number;
      depth: "basic" | "advanced";
      topic: "general" | "news" | "finance";
      timeRange?: "day" | "week" | "month" | "year";
    }
  | { source: "research"; question: string; model: "mini" | "pro" | "auto" }
  | { source: "twingly"; query: string; maxResults: number }
  | { source: "zenrows"; url: string; maxCredits: number }
  | {
      source: "apify";
      actor: string;
      input: Record<string, unknown>;
      maxItems: number;
      maxRunUsd: number;
      timeoutSeconds: number;
    }
  | { source: "phantombuster"; agentId: string; argument: Record<string, unknown> };

export type ItemOf<Name extends Item["source"]> = Extract<Item, { source: Name }>;

/** Items come once each, however often they are asked for. */
export function listItems({ sources }: CollectionSpec): { key: string; item: Item }[] {
  const items = new Map<string, Item>();
  for (const item of sources.flatMap(itemsOf)) items.set(hashCanonical(item), item);
  if (items.size > 2_000) {
    throw new AppError("invalid_input", `A collection has at most 2,000 items; these are ${items.size}.`, {
      hint: "Make several collections of it.",
    });
  }
  return [...items].map(([key, item]) => ({ key, item }));
}

function itemsOf(spec: SourceSpec): Item[] {
  switch (spec.source) {
    case "pages":
      return spec.urls.map((url) => ({ source: "pages", url }));
    case "tavily": {
      const { queries, source, timeRange, ...rest } = spec;
      return queries.map((query) => ({ source, query, ...rest, ...(timeRange !== undefined && { timeRange }) }));
    }
    case "research":
      return spec.queries.map((question) => ({ source: "research", question, model: spec.model }));
    case "twingly":
      return spec.queries.map((query) => ({ source: "twingly", query, maxResults: spec.maxResults }));
    case "zenrows":
      return spec.urls.map((url) => ({ source: "zenrows", url, maxCredits: spec.maxCredits }));
    case "apify": {
      const { inputs, ...rest } = spec;
      return inputs.map((input) => ({ ...rest, input }));
    }
    case "phantombuster":
      return spec.inputs.map((argument) => ({ source: "phantombuster", agentId: spec.agentId, argument }));
  }
}
