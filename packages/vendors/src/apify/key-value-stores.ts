import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import { z } from "zod";
import { policyOf } from "./operations.ts";
import { given } from "./run.ts";
import { KeyList, StoreList, StoreReply } from "./schemas.ts";
import { stripSecrets } from "./strip-secrets.ts";

export interface ApifyStore {
  id: string;
  name?: string;
  createdAt: number;
  modifiedAt: number;
  runId?: string;
}

/** Untrusted, except that in JSON what is named like a credential is `***`: inputs hold cookies and proxy passwords. */
export type ApifyRecord =
  | { contentType: string; json: unknown }
  | { contentType: string; text: string }
  | { contentType: string; bytes: Buffer };

export interface ApifyKeyValueStores {
  listKeyValueStores(
    page: { offset?: number; limit: number; unnamed?: boolean },
    signal: AbortSignal,
  ): Promise<{ total: number; stores: ApifyStore[] }>;
  getKeyValueStore(id: string, signal: AbortSignal): Promise<ApifyStore>;
  /** `after`: the `nextAfter` of the page before. */
  listKeys(
    id: string,
    page: { limit: number; after?: string; prefix?: string },
    signal: AbortSignal,
  ): Promise<{ keys: { key: string; bytes: number }[]; nextAfter?: string }>;
  /** E.g. `INPUT`, `OUTPUT`, a screenshot. Throws AppError `not_found`. */
  getRecord(id: string, key: string, options: { maxBytes: number; signal: AbortSignal }): Promise<ApifyRecord>;
}

/** https://docs.apify.com/api/v2/storage-key-value-stores */
export function createKeyValueStores(http: Http): ApifyKeyValueStores {
  return {
    async listKeyValueStores({ offset, limit, unnamed }, signal) {
      const query = { desc: true, offset, limit, unnamed };
      const request = { ...policyOf("read_storage"), path: "/key-value-stores", query, schema: StoreList, signal };
      const { total, items } = (await http.request(request)).data.data;
      return { total, stores: items.map(toStore) };
    },
    async getKeyValueStore(id, signal) {
      const path = apiPath`/key-value-stores/${id}`;
      return toStore((await http.request({ ...policyOf("read_storage"), path, schema: StoreReply, signal })).data.data);
    },
    async listKeys(id, { limit, after: exclusiveStartKey, prefix }, signal) {
      const path = apiPath`/key-value-stores/${id}/keys`;
      const query = { limit, exclusiveStartKey, prefix };
      const { data } = await http.request({ ...policyOf("read_storage"), path, query, schema: KeyList, signal });
      const { items, isTruncated, nextExclusiveStartKey } = data.data;
      const keys = items.map(({ key, size }) => ({ key, bytes: size }));
      return { keys, ...given("nextAfter", isTruncated ? nextExclusiveStartKey : undefined) };
    },
    async getRecord(id, key, { maxBytes, signal }) {
      const path = apiPath`/key-value-stores/${id}/records/${key}`;
      const request = { ...policyOf("read_record"), path, maxBytes, redirects: 2, signal };
      const schema = z.instanceof(Buffer).or(z.undefined());
      const { data = Buffer.alloc(0), headers } = await http.request({ ...request, as: "bytes", schema });
      return toRecord(data, headers["content-type"] ?? "application/octet-stream");
    },
  };
}

function toStore(fields: z.output<typeof StoreReply>["data"]): ApifyStore {
  const { id, name, createdAt, modifiedAt, actRunId } = fields;
  return { id, ...given("name", name), createdAt, modifiedAt, ...given("runId", actRunId) };
}

function toRecord(bytes: Buffer, contentType: string): ApifyRecord {
  const [type = ""] = contentType.toLowerCase().split(";");
  if (type.startsWith("text/")) return { contentType, text: bytes.toString("utf8") };
  if (type !== "application/json") return { contentType, bytes };
  try {
    return { contentType, json: stripSecrets(JSON.parse(bytes.toString("utf8"))) };
  } catch {
    // Actors may store anything under any type.
    return { contentType, text: bytes.toString("utf8") };
  }
}
