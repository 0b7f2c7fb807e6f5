import { createAddressPolicy } from "@sophia/core/http/address";
import { createPublicFetch, type PublicFetchOptions } from "@sophia/core/http/public-fetch";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { DataConfig } from "../config.ts";
import { openRenderer } from "../rendering/open-renderer.ts";
import type { Renderer } from "../rendering/renderer.ts";
import { createCrawlPause } from "./crawl-pause.ts";
import { createDomainBudget } from "./domain-budget.ts";
import { createPageFetcher, type PageFetcher, userAgent } from "./page-fetcher.ts";
import { createRobotsCache, type RobotsCache } from "./robots-cache.ts";

export interface Fetching {
  fetcher: PageFetcher;
  robots: RobotsCache;
  /** Undefined where no Chromium is installed. */
  renderer: Renderer | undefined;
}

/** Every way to the open web that this server has, behind one guard of addresses. */
export async function openFetching(
  config: Pick<DataConfig, "SOPHIA_DATA_ALLOW_PRIVATE" | "SOPHIA_DATA_CHROMIUM" | "SOPHIA_DATA_CONTACT">,
  { clock, log, pacer, metrics, config: { ports } }: Pick<Platform, "clock" | "log" | "pacer" | "metrics" | "config">,
  special: Pick<PublicFetchOptions, "resolve" | "limits"> = {},
): Promise<Fetching> {
  const guard = {
    allowPrivate: config.SOPHIA_DATA_ALLOW_PRIVATE,
    allowPrivateSetting: "SOPHIA_DATA_ALLOW_PRIVATE",
    ownPorts: Object.values(ports),
    ...special,
  };
  const fetch = createPublicFetch({
    ...guard,
    log,
    clock,
    pacer,
    observer: createHttpObserver(metrics),
    userAgent: userAgent(config.SOPHIA_DATA_CONTACT),
  });
  const robots = createRobotsCache({ fetch, clock, log });
  const domains = special.limits ? undefined : createDomainBudget({ pacer, clock });
  const fetcher = createPageFetcher({ fetch, robots, pause: createCrawlPause(clock), ...(domains && { domains }) });
  const { resolve } = special;
  const parts = { fetcher, policy: createAddressPolicy(guard), clock, log, ...(resolve && { resolve }) };
  return { fetcher, robots, renderer: await openRenderer(config, parts) };
}
