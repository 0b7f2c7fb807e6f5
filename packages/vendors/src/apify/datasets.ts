import { AppError } from "@sophia/core/errors/app-error";
import { BodyTooLargeError } from "@sophia/core/http/body";
import type { Http, HttpReply } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import { inferFields, type ItemField } from "./infer-fields.ts";
import { policyOf } from "./operations.ts";
import { given } from "./run.ts";
import { DatasetList, DatasetReply, type DatasetFields, Items, Statistics } from "./schemas.ts";

/** What an Actor found. Untrusted. Integers that a double cannot hold are strings. */
export type ApifyItem = Record<string, unknown>;

export interface ApifyDataset {
  id: string;
  /** Unnamed ones are forgotten after 7 days. */
  name?: string;
  createdAt: number;
  modifiedAt: number;
  itemCount: number;
  runId?: string;
  /** Names of all items' fields, where the vendor tells them. */
  fields?: readonly string[];
}

export interface ApifyItemsPage {
  offset?: number;
  /** Items the vendor looks at; with `clean` fewer may come back. */
  limit: number;
  fields?: readonly string[];
  omit?: readonly string[];
  /** Without hidden fields (`#…`) and empty items. */
  clean?: boolean;
  isNewestFirst?: boolean;
}

export interface ApifyItems {
  items: ApifyItem[];
  total: number;
  /** Where to go on; absent: there is no more. */
  nextOffset?: number;
}

export interface ApifyDatasets {
  /** Newest first. `unnamed`: those of runs too. */
  listDatasets(
    page: { offset?: number; limit: number; unnamed?: boolean },
    signal: AbortSignal,
  ): Promise<{ total: number; datasets: ApifyDataset[] }>;
  getDataset(id: string, signal: AbortSignal): Promise<ApifyDataset>;
  /** Field names with types and gaps, from a sample of items and the vendor's own counts. */
  describeItems(id: string, signal: AbortSignal): Promise<{ itemCount: number; fields: ItemField[] }>;
  listItems(id: string, page: ApifyItemsPage, signal: AbortSignal): Promise<ApifyItems>;
  /** Page by page to the end or to `most`; a page that is too large is asked for in halves. */
  eachItem(
    id: string,
    options: Omit<ApifyItemsPage, "limit"> & { most: number },
    signal: AbortSignal,
  ): AsyncGenerator<ApifyItem, void, undefined>;
}

const pageBytes = 32 * 1024 * 1024;
const pageItems = 1_000;
const sampleItems = 50;

/** https://docs.apify.com/api/v2/storage-datasets */
export function createDatasets(http: Http): ApifyDatasets {
  async function getDataset(id: string, signal: AbortSignal): Promise<ApifyDataset> {
    const request = { ...policyOf("read_storage"), path: apiPath`/datasets/${id}`, schema: DatasetReply, signal };
    return toDataset((await http.request(request)).data.data);
  }

  async function listItems(id: string, page: ApifyItemsPage, signal: AbortSignal): Promise<ApifyItems> {
    const { offset = 0, limit, fields, omit, clean, isNewestFirst: desc } = page;
    const query = { offset, limit, clean, desc, fields: fields?.join(","), omit: omit?.join(",") };
    const request = { ...policyOf("read_items"), path: apiPath`/datasets/${id}/items`, query, signal };
    const reply = await http.request({ ...request, schema: Items, maxBytes: pageBytes, keepBigIntegers: true });
    const total = readTotal(reply, offset);
    // Not by the number of items: with `clean` the vendor leaves some out of a page.
    return { items: reply.data, total, ...given("nextOffset", offset + limit < total ? offset + limit : undefined) };
  }

  async function* eachItem(
    id: string,
    { most, ...options }: Omit<ApifyItemsPage, "limit"> & { most: number },
    signal: AbortSignal,
  ): AsyncGenerator<ApifyItem, void, undefined> {
    let offset: number | undefined = options.offset ?? 0;
    let limit = Math.min(pageItems, most);
    let left = most;
    while (offset !== undefined && left > 0) {
      try {
        const page: ApifyItems = await listItems(id, { ...options, offset, limit }, signal);
        yield* page.items.slice(0, left);
        left -= page.items.length;
        offset = page.nextOffset;
      } catch (error) {
        if (limit === 1 || !isTooLarge(error)) throw error;
        limit = Math.ceil(limit / 2);
      }
    }
  }

  return {
    async listDatasets({ offset, limit, unnamed }, signal) {
      const query = { desc: true, offset, limit, unnamed };
      const request = { ...policyOf("read_storage"), path: "/datasets", query, schema: DatasetList, signal };
      const { total, items } = (await http.request(request)).data.data;
      return { total, datasets: items.map(toDataset) };
    },
    getDataset,
    async describeItems(id, signal) {
      const path = apiPath`/datasets/${id}/statistics`;
      const statistics = http.request({ ...policyOf("read_storage"), path, schema: Statistics, signal });
      const sample = listItems(id, { limit: sampleItems }, signal);
      const [{ data }, { items, total }] = await Promise.all([statistics, sample]);
      return { itemCount: total, fields: inferFields(items, data.data.fieldStatistics ?? {}) };
    },
    listItems,
    eachItem,
  };
}

function readTotal({ headers, data }: HttpReply<ApifyItem[]>, offset: number): number {
  const total = Number(headers["x-apify-pagination-total"]);
  return Number.isSafeInteger(total) && total >= 0 ? total : offset + data.length;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof BodyTooLargeError;
}

function toDataset(fields: DatasetFields): ApifyDataset {
  const { id, name, createdAt, modifiedAt, itemCount, actRunId } = fields;
  return {
    id,
    ...given("name", name === "" ? undefined : name),
    createdAt,
    modifiedAt,
    itemCount,
    ...given("runId", actRunId),
    ...given("fields", fields.fields),
  };
}
