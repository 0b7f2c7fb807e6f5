import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { HttpObserver } from "@sophia/core/http/http";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { type ApifyClient, createApifyClient } from "@sophia/vendors/apify/client";
import { createPhantombusterClient, type PhantombusterClient } from "@sophia/vendors/phantombuster/client";
import { createTavilyClient, type TavilyClient } from "@sophia/vendors/tavily/client";
import { createZenRowsClient, type ZenRowsClient } from "@sophia/vendors/zenrows/client";
import type { DataSettings } from "../config.ts";
import { type SimulatedVendors, simulateVendors } from "./simulate-vendors.ts";

/** A vendor that can be asked. */
export interface Reached<Client> {
  client: Client;
  mode: "live" | "simulated";
}

/** The collecting services that are at hand; absent: no key, and no simulation. */
export interface Vendors {
  apify: Reached<ApifyClient> | undefined;
  phantombuster: Reached<PhantombusterClient> | undefined;
  tavily: Reached<TavilyClient> | undefined;
  zenrows: Reached<ZenRowsClient> | undefined;
  close(): Promise<void>;
}

export type VendorName = Exclude<keyof Vendors, "close">;

const variables: Readonly<Record<VendorName, { title: string; variable: string }>> = {
  apify: { title: "Apify", variable: "APIFY_TOKEN" },
  phantombuster: { title: "PhantomBuster", variable: "PHANTOMBUSTER_API_KEY" },
  tavily: { title: "Tavily", variable: "TAVILY_API_KEY" },
  zenrows: { title: "ZenRows", variable: "ZENROWS_API_KEY" },
};

/** Throws AppError `not_configured` that says which variable is missing. */
export function requireVendor<Name extends VendorName>(
  vendors: Pick<Vendors, Name>,
  name: Name,
): NonNullable<Vendors[Name]> {
  const reached = vendors[name];
  if (reached) return reached;
  const { title, variable } = variables[name];
  throw new AppError("not_configured", `${title} has no key here.`, {
    hint: `Set ${variable}, or SOPHIA_SIMULATE=1 to try it without an account; \`npm run sophia -- doctor\` shows more.`,
  });
}

/** Each with its key, and where there is none, simulated when that is allowed. */
export async function openVendors<Tables extends CoreTables>(
  settings: DataSettings,
  platform: Platform<Tables>,
): Promise<Vendors> {
  const { log, clock, pacer, metrics, config } = platform;
  const observer: HttpObserver = createHttpObserver(metrics);
  const common = { log, clock, pacer, observer };
  const missing = (Object.keys(variables) as VendorName[]).filter((name) => keyOf(settings, name) === undefined);
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
    case "zenrows":
      return settings.ZENROWS_API_KEY;
  }
}
