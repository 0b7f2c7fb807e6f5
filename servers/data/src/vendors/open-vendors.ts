import type { Secret } from "@sophia/core/config/secret";
import type { HttpObserver } from "@sophia/core/http/http";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { createApifyClient } from "@sophia/vendors/apify/client";
import { createPhantombusterClient } from "@sophia/vendors/phantombuster/client";
import { createTavilyClient } from "@sophia/vendors/tavily/client";
import { createTwinglyClient } from "@sophia/vendors/twingly/client";
import { createZenRowsClient } from "@sophia/vendors/zenrows/client";
import type { DataSettings } from "../config.ts";
import type { Reached, VendorName, Vendors } from "../domain/reached-vendors.ts";
import { type SimulatedVendors, simulateVendors } from "./simulate-vendors.ts";

/** Each with its key, and where there is none, simulated when that is allowed. */
export async function openVendors<Tables extends CoreTables>(
  settings: DataSettings,
  platform: Platform<Tables>,
): Promise<Vendors> {
  const { log, clock, pacer, metrics, config } = platform;
  const observer: HttpObserver = createHttpObserver(metrics);
  const common = { log, clock, pacer, observer };
  // Without a key, pages and feeds are truly read from here: ZenRows and Twingly are local then, not simulated.
  const missing = (["apify", "phantombuster", "tavily"] as const).filter((name) => keyOf(settings, name) === undefined);
  const simulated: SimulatedVendors | undefined = config.simulate ? await simulateVendors(missing, log) : undefined;

  /** Key and address: the vendor's own, or those of its simulator. */
  function reach<Client>(
    name: VendorName,
    create: (place: { apiKey: Secret; baseUrl?: string; batchUrl?: string }) => Client,
  ): Reached<Client> | undefined {
    const apiKey = keyOf(settings, name);
    if (apiKey) return { client: create({ apiKey }), mode: "live" };
    const place = simulated?.places.get(name);
    return place && { client: create(place), mode: "simulated" };
  }

  const { TAVILY_PROJECT_ID: projectId, PHANTOMBUSTER_ORG_ID: orgId } = settings;
  const vendors = {
    apify: reach("apify", (place) => createApifyClient({ ...common, ...place })),
    phantombuster: reach("phantombuster", (place) =>
      createPhantombusterClient({ ...common, ...place, ...(orgId !== undefined && { orgId }) }),
    ),
    tavily: reach("tavily", (place) =>
      createTavilyClient({
        ...common,
        ...place,
        requestsPerMinute: settings.TAVILY_REQUESTS_PER_MINUTE,
        ...(projectId !== undefined && { projectId }),
      }),
    ),
    twingly: reach("twingly", ({ apiKey }) => createTwinglyClient({ ...common, apiKey })),
    zenrows: reach("zenrows", (place) =>
      createZenRowsClient({ ...common, ...place, concurrency: settings.ZENROWS_CONCURRENCY }),
    ),
  };
  return {
    ...vendors,
    async close() {
      await Promise.all(Object.values(vendors).map(async (reached) => await reached?.client.close()));
      await simulated?.close();
    },
  };
}

function keyOf(settings: DataSettings, name: VendorName): Secret | undefined {
  switch (name) {
    case "apify":
      return settings.APIFY_TOKEN;
    case "phantombuster":
      return settings.PHANTOMBUSTER_API_KEY;
    case "tavily":
      return settings.TAVILY_API_KEY;
    case "twingly":
      return settings.TWINGLY_API_KEY;
    case "zenrows":
      return settings.ZENROWS_API_KEY;
  }
}
