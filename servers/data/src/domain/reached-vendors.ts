import { AppError } from "@sophia/core/errors/app-error";
import type { ApifyClient } from "@sophia/vendors/apify/client";
import type { PhantombusterClient } from "@sophia/vendors/phantombuster/client";
import type { TavilyClient } from "@sophia/vendors/tavily/client";
import type { TwinglyClient } from "@sophia/vendors/twingly/client";
import type { ZenRowsClient } from "@sophia/vendors/zenrows/client";

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
  twingly: Reached<TwinglyClient> | undefined;
  close(): Promise<void>;
}

export type VendorName = Exclude<keyof Vendors, "close">;

const simulation = "SOPHIA_SIMULATE=1 to try it without an account";

/** The variable that brings each to life, and what does without one. */
export const vendorKeys: Readonly<Record<VendorName, { title: string; variable: string; instead: string }>> = {
  apify: { title: "Apify", variable: "APIFY_TOKEN", instead: simulation },
  phantombuster: { title: "PhantomBuster", variable: "PHANTOMBUSTER_API_KEY", instead: simulation },
  tavily: { title: "Tavily", variable: "TAVILY_API_KEY", instead: simulation },
  twingly: { title: "Twingly", variable: "TWINGLY_API_KEY", instead: "use watch_topic or fetch_feed, which need none" },
  zenrows: { title: "ZenRows", variable: "ZENROWS_API_KEY", instead: "use fetch_page, which needs none" },
};

/** Throws AppError `not_configured` that says which variable is missing. */
export function requireVendor<Name extends VendorName>(
  vendors: Pick<Vendors, Name>,
  name: Name,
): NonNullable<Vendors[Name]> {
  const reached = vendors[name];
  if (reached) return reached;
  const { title, variable, instead } = vendorKeys[name];
  throw new AppError("not_configured", `${title} has no key here.`, {
    hint: `Set ${variable}, or ${instead}; \`npm run sophia -- doctor\` shows more.`,
  });
}
