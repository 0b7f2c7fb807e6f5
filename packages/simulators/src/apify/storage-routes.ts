import type { Item } from "./actors.ts";
import { type Answer, encodeAnswer } from "./answer.ts";
import { itemsAt, type SimulatedRun } from "./run-machine.ts";
import { type ApifyState, type Exchange, type SimulatedStore, userIdOf } from "./simulator-state.ts";
import { found, isTrue, pageOf, readPageWish, refuse } from "./wording.ts";

const recordsKept = 2_000;
/** Simulated: without it, a signed link lets anybody read. */
const signingKey = "simulated-url-signing-secret-key";

function findDataset(state: ApifyState, id: string): SimulatedRun | undefined {
  return [...state.runs.values()].find((run) => run.datasetId === id);
}

/** Datasets of runs have no name, and are listed only when asked for. https://docs.apify.com/api/v2/datasets-get */
export function listDatasets({ state, query }: Exchange): Answer {
  const unnamed = isTrue(query.get("unnamed"));
  const page = pageOf(unnamed ? [...state.runs.values()] : [], readPageWish(query));
  const items = page.items.map((run) => {
    const { consoleUrl: _, fields: _fields, urlSigningSecretKey: _key, ...listed } = describeDataset(state, run);
    return { ...listed, name: "" };
  });
  return found({ ...page, unnamed, items });
}

export function getDataset({ state }: Exchange, id: string): Answer {
  const run = findDataset(state, id);
  return run ? found(describeDataset(state, run)) : refuse(404);
}

function describeDataset(state: ApifyState, run: SimulatedRun): Record<string, unknown> {
  const items = itemsAt(run, state.clock.now());
  const at = new Date(run.startedAt).toISOString();
  return {
    id: run.datasetId,
    name: null,
    userId: userIdOf(state),
    createdAt: at,
    modifiedAt: at,
    accessedAt: at,
    itemCount: items.length,
    cleanItemCount: items.length,
    actId: run.actor.id,
    actRunId: run.id,
    fields: [...new Set(items.flatMap((item) => Object.keys(item)))],
    consoleUrl: `https://console.apify.com/storage/datasets/${run.datasetId}`,
    urlSigningSecretKey: signingKey,
    generalAccess: "FOLLOW_USER_SETTING",
    stats: { readCount: 1, writeCount: items.length, storageBytes: encodeAnswer({ status: 200, json: items }).length },
  };
}

/** A bare array; the page is told in headers. https://docs.apify.com/api/v2/dataset-items-get */
export function getItems({ state, query }: Exchange, id: string): Answer {
  const run = findDataset(state, id);
  if (!run) return refuse(404);
  const format = query.get("format") ?? "json";
  if (format !== "json" && format !== "jsonl") return refuse(400, "invalid-parameter");
  const all = itemsAt(run, state.clock.now());
  const wish = readPageWish(query, 250_000);
  const { items, total } = pageOf(all, wish);
  const shaped = shapeItems(items, query);
  const headers = {
    "x-apify-pagination-total": String(total),
    "x-apify-pagination-offset": String(wish.offset),
    "x-apify-pagination-limit": String(query.has("limit") ? wish.limit : 999_999_999_999),
    "x-apify-pagination-count": String(shaped.length),
  };
  if (format === "json") return { status: 200, json: shaped, headers };
  const lines = shaped.map((item) => `${encodeAnswer({ status: 200, json: item }).toString("utf8")}\n`);
  return { status: 200, bytes: Buffer.from(lines.join("")), contentType: "application/jsonl", headers };
}

function shapeItems(items: readonly Item[], query: URLSearchParams): Item[] {
  const isClean = isTrue(query.get("clean"));
  const names = (name: string): string[] | undefined => query.get(name)?.split(",").filter(Boolean);
  const [fields, omit] = [names("fields"), names("omit")];
  const [skipHidden, skipEmpty] = ["skipHidden", "skipEmpty"].map((name) => isClean || isTrue(query.get(name)));
  const shaped = items.map((item) => {
    const kept = fields ? fields.map((name): [string, unknown] => [name, item[name]]) : Object.entries(item);
    return Object.fromEntries(
      kept.filter(
        ([name, value]) =>
          value !== undefined && omit?.includes(name) !== true && !(skipHidden === true && name.startsWith("#")),
      ),
    );
  });
  return skipEmpty === true ? shaped.filter((item) => Object.keys(item).length > 0) : shaped;
}

export function getStatistics({ state }: Exchange, id: string): Answer {
  const run = findDataset(state, id);
  if (!run) return refuse(404);
  const items = itemsAt(run, state.clock.now());
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const count = (name: string, test: (value: unknown) => boolean): number =>
    items.filter((item) => test(item[name])).length;
  const fieldStatistics = Object.fromEntries(
    names.map((name) => [
      name,
      { nullCount: count(name, (value) => value === null), emptyCount: count(name, (value) => value === "") },
    ]),
  );
  return found({ fieldStatistics });
}

export function listStores({ state, query }: Exchange): Answer {
  const unnamed = isTrue(query.get("unnamed"));
  const stores = [...state.stores.values()].filter(({ name }) => unnamed || name !== null);
  const page = pageOf(stores, readPageWish(query));
  return found({ ...page, unnamed, items: page.items.map((store) => describeStore(state, store)) });
}

export function getStore({ state }: Exchange, id: string): Answer {
  const store = state.stores.get(id);
  return store ? found(describeStore(state, store)) : refuse(404);
}

function describeStore(state: ApifyState, store: SimulatedStore): Record<string, unknown> {
  const at = new Date(store.createdAt).toISOString();
  return {
    id: store.id,
    name: store.name,
    userId: userIdOf(state),
    createdAt: at,
    modifiedAt: at,
    accessedAt: at,
    ...(store.runId !== null && { actRunId: store.runId }),
    consoleUrl: `https://console.apify.com/storage/key-value-stores/${store.id}`,
    urlSigningSecretKey: signingKey,
    generalAccess: "FOLLOW_USER_SETTING",
    stats: { writeCount: store.records.size },
  };
}

/** https://docs.apify.com/api/v2/key-value-store-keys-get */
export function listKeys({ state, query }: Exchange, id: string): Answer {
  const store = state.stores.get(id);
  if (!store) return refuse(404);
  const limit = Number(query.get("limit") ?? 1_000);
  if (!(limit >= 1 && limit <= 1_000)) return refuse(400, "invalid-parameter");
  const after = query.get("exclusiveStartKey") ?? "";
  const prefix = query.get("prefix") ?? "";
  const keys = [...store.records.keys()].sort().filter((key) => key > after && key.startsWith(prefix));
  const page = keys.slice(0, limit);
  const isTruncated = keys.length > page.length;
  const items = page.map((key) => ({
    key,
    size: store.records.get(key)?.bytes.length ?? 0,
    recordPublicUrl: `${state.origin}/v2/key-value-stores/${id}/records/${encodeURIComponent(key)}?signature=${signingKey}`,
  }));
  const next = { isTruncated, nextExclusiveStartKey: isTruncated ? (page.at(-1) ?? null) : null };
  return found({ items, count: items.length, limit, exclusiveStartKey: after === "" ? null : after, ...next });
}

export function getRecord({ state }: Exchange, id: string, key: string): Answer {
  const record = state.stores.get(id)?.records.get(key);
  return record ? { status: 200, ...record } : refuse(404);
}

export function putRecord({ state, body, headers }: Exchange, id: string, key: string): Answer {
  const store = state.stores.get(id);
  if (!store) return refuse(404);
  if (!/^[\w!\-.'()]{1,256}$/.test(key)) return refuse(400, "invalid-record-key");
  if (store.records.size >= recordsKept) return refuse(402, "limit-reached");
  store.records.set(key, { contentType: headers.contentType, bytes: body });
  return { status: 201, json: {} };
}
