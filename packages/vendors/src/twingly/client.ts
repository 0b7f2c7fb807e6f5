import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { createBlogs, type TwinglyBlogs } from "./blog-search.ts";
import { twinglyKeyCheck } from "./key-check.ts";
import { createLiveFeed, type TwinglyLiveFeed } from "./live-feed.ts";
import { createNews, type TwinglyNews } from "./news-search.ts";
import { defaultPace, twinglyLimits, type TwinglyPace } from "./operations.ts";
import { explainFailure } from "./xml-reply.ts";

export interface TwinglyClientOptions {
  apiKey: Secret;
  /** Default: the vendor's. */
  baseUrls?: Partial<TwinglyBaseUrls>;
  /** For each API. Default: one request a second, two at once. */
  pace?: Partial<TwinglyPace>;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
}

/** Three APIs, each with an address of its own. */
export interface TwinglyBaseUrls {
  blogs: string;
  liveFeed: string;
  news: string;
}

export interface TwinglyClient extends TwinglyBlogs, TwinglyLiveFeed, TwinglyNews {
  close(): Promise<void>;
}

const vendorUrls: TwinglyBaseUrls = {
  blogs: "https://api.twingly.com/blog/search/api/v3",
  liveFeed: "https://api.twingly.com/blog/livefeed/api/v5",
  news: "https://data.twingly.net/news/b/search/v1",
};

/** Blogs, their live feed, and news. All texts are untrusted, and licensed. https://developer.twingly.com */
export function createTwinglyClient(options: TwinglyClientOptions): TwinglyClient {
  const { apiKey, clock, log, observer, pacer } = options;
  const baseUrls = { ...vendorUrls, ...options.baseUrls };
  const pace = { ...defaultPace, ...options.pace };
  const common = {
    service: "twingly",
    explain: explainFailure,
    log,
    clock,
    ...(observer && { observer }),
    ...(pacer && { pacer }),
  };
  // The key is part of the address: the spine keeps it out of logs, spans and errors.
  const auth = twinglyKeyCheck.auth(apiKey);
  const blogs = createHttp({ ...common, baseUrl: baseUrls.blogs, auth, limits: twinglyLimits("blogs", pace) });
  const liveFeed = createHttp({ ...common, baseUrl: baseUrls.liveFeed, auth, limits: twinglyLimits("feed", pace) });
  const news = createHttp({
    ...common,
    baseUrl: baseUrls.news,
    auth: { in: "header", name: "authorization", prefix: "apikey ", secret: apiKey },
    limits: twinglyLimits("news", pace),
  });
  return {
    ...createBlogs(blogs, clock),
    ...createLiveFeed(liveFeed),
    ...createNews(news, clock),
    async close() {
      await Promise.all([blogs.close(), liveFeed.close(), news.close()]);
    },
  };
}
