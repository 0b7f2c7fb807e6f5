import { createLedger, type Ledger } from "@sophia/core/ledger/ledger";
import { createJobs, type Jobs } from "@sophia/core/jobs/jobs";
import type { Clock } from "@sophia/core/limits/clock";
import { Secret } from "@sophia/core/config/secret";
import type { Store } from "@sophia/core/store/store";
import { openStoreAt, silentLog as log, type StorePlace } from "@sophia/core/testing/store-engines";
import { createApifyClient } from "@sophia/vendors/apify/client";
import { createPhantombusterClient } from "@sophia/vendors/phantombuster/client";
import { createTavilyClient } from "@sophia/vendors/tavily/client";
import { createZenRowsClient } from "@sophia/vendors/zenrows/client";
import { createDocumentStore, type DocumentStore } from "../../documents/document-store.ts";
import { dataMigrations } from "../../documents/migrations.ts";
import type { DataTables } from "../../documents/tables.ts";
import { createExtractor } from "../../fetching/extractor.ts";
import type { PageReader } from "../../fetching/page-reader.ts";
import { samplePage } from "../../testing/sample-page.ts";
import type { Vendors } from "../../domain/reached-vendors.ts";
import { collectionMigrations } from "../migrations.ts";
import { type OpenedCollections, openCollections } from "../open-collections.ts";
import type { CollectionTables } from "../tables.ts";

/** Addresses of simulators; a vendor without one is not set up. */
export interface VendorAddresses {
  apify?: string;
  tavily?: string;
  zenrows?: string;
  phantombuster?: string;
}

export interface CollectionWorld extends OpenedCollections {
  store: Store<CollectionTables>;
  jobs: Jobs;
  ledger: Ledger;
  documents: DocumentStore;
  close(): Promise<void>;
}

/** Time that passes faster, the same in every process that is given the same `sinceMs`. */
export function createFastClock(factor: number, sinceMs: number): Clock {
  const start = performance.now();
  return {
    now: () => Math.round(sinceMs + (Date.now() - sinceMs) * factor),
    monotonic: () => (performance.now() - start) * factor,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms / factor);
        signal?.addEventListener(
          "abort",
          () => {
            clearTimeout(timer);
            reject(new DOMException("The call was cancelled.", "AbortError"));
          },
          { once: true },
        );
      });
    },
  };
}

/** Collections as the server has them, over simulators that count as live, so that money counts; pages are made up. */
export async function openCollectionWorld(options: {
  place: StorePlace;
  clock: Clock;
  addresses: VendorAddresses;
  approvalUsd?: number;
  /** Time that a page of the open web takes, ms. */
  pageMs?: number;
}): Promise<CollectionWorld> {
  const { place, clock, addresses, pageMs = 0 } = options;
  const store = await openStoreAt<CollectionTables>(place, [dataMigrations, collectionMigrations]);
  const data = store as unknown as Store<DataTables>;
  const jobs = createJobs({ store, log, pollMs: 20 });
  const ledger = createLedger({ store, clock });
  const documents = createDocumentStore({ store: data, clock });
  const extractor = createExtractor({ log });
  const pages: PageReader = {
    async read(url, signal) {
      await clock.sleep(pageMs, signal);
      const page = samplePage(`The text of ${url}`, { title: url });
      const saved = await documents.save(page, { url, finalUrl: url, source: "direct" });
      return { page, saved, url, finalUrl: url, links: [] };
    },
  };
  const vendors = openVendors(addresses, clock);
  const settings = { ZENROWS_CONCURRENCY: 5, SOPHIA_DATA_APPROVAL_USD: options.approvalUsd ?? 100 };
  const opened = await openCollections(
    settings,
    { store: data, clock, log, jobs, ledger },
    { pages, documents, extractor, vendors },
  );
  return {
    ...opened,
    store,
    jobs,
    ledger,
    documents,
    async close() {
      await jobs.stop(0);
      await Promise.all([extractor.close(), vendors.close()]);
      await store.close();
    },
  };
}

function openVendors({ apify, tavily, zenrows, phantombuster }: VendorAddresses, clock: Clock): Vendors {
  const common = { apiKey: new Secret("simulated"), log, clock };
  const vendors = {
    apify: apify ? { client: createApifyClient({ ...common, baseUrl: apify }), mode: "live" as const } : undefined,
    tavily: tavily
      ? { client: createTavilyClient({ ...common, baseUrl: tavily, requestsPerMinute: 6_000 }), mode: "live" as const }
      : undefined,
    zenrows: zenrows
      ? { client: createZenRowsClient({ ...common, baseUrl: zenrows, concurrency: 5 }), mode: "live" as const }
      : undefined,
    phantombuster: phantombuster
      ? { client: createPhantombusterClient({ ...common, baseUrl: phantombuster }), mode: "live" as const }
      : undefined,
  };
  return {
    ...vendors,
    twingly: undefined,
    async close() {
      await Promise.all(Object.values(vendors).map(async (reached) => await reached?.client.close()));
    },
  };
}
