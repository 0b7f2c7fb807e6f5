import type { Ledger } from "@sophia/core/ledger/ledger";
import type { Platform } from "@sophia/core/mcp/platform";
import type { Store } from "@sophia/core/store/store";
import type { DataSettings } from "../config.ts";
import type { DocumentStore } from "../documents/document-store.ts";
import type { DataTables } from "../documents/tables.ts";
import type { Extractor } from "../fetching/extractor.ts";
import type { PageReader } from "../fetching/page-reader.ts";
import type { Vendors } from "../domain/reached-vendors.ts";
import { type CollectionSchedules, createCollectionSchedules } from "./collection-schedules.ts";
import { type Collections, createCollections } from "./collections.ts";
import { createDataBudgets, type DataBudgets } from "./data-budgets.ts";
import { createSaveFound } from "./save-found.ts";
import type { Source } from "./source.ts";
import { createApifyRuns } from "./sources/apify-runs.ts";
import { createDirectPages } from "./sources/direct-pages.ts";
import { createPhantombusterLaunches } from "./sources/phantombuster-launches.ts";
import { createTavilyResearch } from "./sources/tavily-research.ts";
import { createTwinglyNewsSearches } from "./sources/twingly-news.ts";
import { createTavilySearches } from "./sources/tavily-searches.ts";
import { createZenRowsPages } from "./sources/zenrows-pages.ts";
import { createPageScraper, type PageScraper } from "../scraping/page-scraper.ts";
import type { CollectionTables } from "./tables.ts";
import { createTaskStore } from "./task-store.ts";

export interface OpenedCollections {
  collections: Collections;
  dataBudgets: DataBudgets;
  schedules: CollectionSchedules;
  scraper: PageScraper;
}

/** Collections over every source that is at hand. Before `jobs.start()`. */
export async function openCollections(
  settings: Pick<DataSettings, "ZENROWS_CONCURRENCY" | "SOPHIA_DATA_APPROVAL_USD">,
  platform: Pick<Platform<DataTables>, "store" | "clock" | "log" | "jobs"> & { ledger: Ledger },
  parts: { pages: PageReader; documents: DocumentStore; extractor: Extractor; vendors: Vendors },
): Promise<OpenedCollections> {
  const { clock, log, jobs, ledger } = platform;
  // Their tables are in the same store, made by the migrations that main.ts names.
  const store = platform.store as unknown as Store<CollectionTables>;
  const dataBudgets = createDataBudgets({ store, ledger, clock });
  const saveFound = createSaveFound({ ...parts, clock });
  const collections = createCollections({
    store,
    jobs,
    ledger,
    clock,
    log,
    tasks: createTaskStore({ store, clock }),
    saveFound,
    budgets: dataBudgets,
    sources: new Map(listSources(settings, parts).map((source) => [source.name, source])),
    approvalUsd: settings.SOPHIA_DATA_APPROVAL_USD,
  });
  await collections.watchOver();
  const scraper = createPageScraper({
    ...parts,
    zenrows: parts.vendors.zenrows,
    saveFound,
    ledger,
    budgets: dataBudgets,
  });
  return { collections, dataBudgets, scraper, schedules: createCollectionSchedules({ store, jobs, collections }) };
}

function listSources(
  { ZENROWS_CONCURRENCY: concurrency }: Pick<DataSettings, "ZENROWS_CONCURRENCY">,
  { pages, vendors }: { pages: PageReader; vendors: Vendors },
): Source[] {
  const { tavily, twingly, zenrows, apify, phantombuster } = vendors;
  return [
    createDirectPages({ pages }),
    ...(tavily ? [createTavilySearches(tavily), createTavilyResearch(tavily)] : []),
    ...(twingly ? [createTwinglyNewsSearches(twingly)] : []),
    ...(zenrows ? [createZenRowsPages(zenrows, { concurrency })] : []),
    ...(apify ? [createApifyRuns(apify)] : []),
    ...(phantombuster ? [createPhantombusterLaunches(phantombuster)] : []),
  ];
}
