import { z } from "zod";

// The vendor's own examples write the time as text in places.
const ending = {
  usage: z.object({ credits: z.number().nullish() }).nullish(),
  request_id: z.string().nullish(),
};

const Image = z.union([
  z.string().transform((url) => ({ url, description: null })),
  z.object({ url: z.string(), description: z.string().nullish() }),
]);

export const SearchReply = z.object({
  answer: z.string().nullish(),
  images: z.array(Image).nullish(),
  results: z.array(
    z.object({
      url: z.string(),
      title: z.string().nullish(),
      content: z.string().nullish(),
      score: z.coerce.number().nullish(),
      raw_content: z.string().nullish(),
      published_date: z.string().nullish(),
    }),
  ),
  auto_parameters: z.record(z.string(), z.unknown()).nullish(),
  ...ending,
});

export const Page = z.object({ url: z.string(), title: z.string().nullish(), raw_content: z.string().nullish() });

export const ExtractReply = z.object({
  results: z.array(Page).nullish(),
  failed_results: z.array(z.object({ url: z.string(), error: z.string().nullish() })).nullish(),
  ...ending,
});

export const CrawlReply = z.object({ base_url: z.string().nullish(), results: z.array(Page), ...ending });

export const MapReply = z.object({ base_url: z.string().nullish(), results: z.array(z.string()), ...ending });

export const ResearchStarted = z.object({ request_id: z.string(), status: z.string().nullish() });

export const ResearchState = z.object({
  request_id: z.string(),
  status: z.enum(["pending", "in_progress", "completed", "failed"]),
  content: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  sources: z.array(z.object({ url: z.string(), title: z.string().nullish() })).nullish(),
  usage: ending.usage,
});

const figures = z.object({
  search_usage: z.number().nullish(),
  extract_usage: z.number().nullish(),
  crawl_usage: z.number().nullish(),
  map_usage: z.number().nullish(),
  research_usage: z.number().nullish(),
});

export const UsageReply = z.object({
  key: figures.extend({ usage: z.number().nullish(), limit: z.number().nullish() }),
  account: figures
    .extend({
      current_plan: z.string().nullish(),
      plan_usage: z.number().nullish(),
      plan_limit: z.number().nullish(),
      paygo_usage: z.number().nullish(),
      paygo_limit: z.number().nullish(),
    })
    .nullish(),
});
