import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { DataServices } from "../services.ts";
import { collect } from "./collect.ts";
import { manageCollection } from "./manage-collection.ts";
import { crawlSite } from "./crawl-site.ts";
import { deleteDocument } from "./delete-document.ts";
import { exportDocuments } from "./export-documents.ts";
import { fetchFeed } from "./fetch-feed.ts";
import { fetchPage } from "./fetch-page.ts";
import { getCollection } from "./get-collection.ts";
import { getDatasetItems } from "./get-dataset-items.ts";
import { getDocument } from "./get-document.ts";
import { getPhantomOutput } from "./get-phantom-output.ts";
import { getRun } from "./get-run.ts";
import { launchPhantom } from "./launch-phantom.ts";
import { listActors } from "./list-actors.ts";
import { listBudgets } from "./list-budgets.ts";
import { listDuplicates } from "./list-duplicates.ts";
import { listSchedules } from "./list-schedules.ts";
import { listDocuments } from "./list-documents.ts";
import { listPhantoms } from "./list-phantoms.ts";
import { manageDuplicates } from "./manage-duplicates.ts";
import { mapSite } from "./map-site.ts";
import { scrapePage } from "./scrape-page.ts";
import { searchBlogs } from "./search-blogs.ts";
import { searchDocuments } from "./search-documents.ts";
import { searchNews } from "./search-news.ts";
import { searchWeb } from "./search-web.ts";
import { setSchedule } from "./set-schedule.ts";
import { setServiceBudget } from "./set-service-budget.ts";
import { researchTopic } from "./research-topic.ts";
import { runActor } from "./run-actor.ts";
import { runCollection } from "./run-collection.ts";
import { watchTopic } from "./watch-topic.ts";

export const directTools: readonly AnyTool<DataServices>[] = [
  searchWeb,
  fetchPage,
  crawlSite,
  collect,
  getCollection,
  searchDocuments,
  watchTopic,
];
export const longTailTools: readonly AnyTool<DataServices>[] = [
  mapSite,
  scrapePage,
  fetchFeed,
  getDocument,
  listDocuments,
  deleteDocument,
  exportDocuments,
  listDuplicates,
  manageDuplicates,
  runCollection,
  manageCollection,
  listBudgets,
  setServiceBudget,
  listSchedules,
  setSchedule,
  researchTopic,
  listActors,
  runActor,
  getRun,
  getDatasetItems,
  searchBlogs,
  searchNews,
  listPhantoms,
  launchPhantom,
  getPhantomOutput,
];
