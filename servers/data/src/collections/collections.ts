import { randomUUID } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import { toNanoUsd } from "@sophia/core/ledger/nano-usd";
import { createAddressPolicy } from "@sophia/core/http/address";
import type { Store } from "@sophia/core/store/store";
import { type CollectionSpec, type Item, listItems } from "./collection-spec.ts";
import { type CollectionJobsOptions, createCollectionJobs } from "./collection-jobs.ts";
import { createCollectionReports, type CollectionReports } from "./collection-reports.ts";
import { findCollection } from "./find-collection.ts";
import type { Source } from "./source.ts";
import type { CollectionRow, CollectionTables } from "./tables.ts";

/** What a collection would be, before anything is begun. */
export interface CollectionPlan {
  items: number;
  /** The most it can cost, USD; never above its budget. */
  mostUsd: number;
  bySource: { source: Item["source"]; service: string; mode: Source["mode"]; items: number; mostUsd: number }[];
  /** Acts as a person, or may cost more than may be spent without asking. */
  needsApproval: boolean;
}

export interface Collections extends CollectionReports {
  /** Throws AppError `not_configured` for a source that is not set up, `invalid_input` for addresses nobody may fetch. */
  plan(spec: CollectionSpec): CollectionPlan;
  /** Durable when it returns. */
  start(request: { spec: CollectionSpec; caller: string }): Promise<string>;
  /** `pause` ends what is on its way and begins nothing more; `abort` also stops runs at their vendors. */
  control(id: string, caller: string, action: Action): Promise<void>;
  /** Looks every few minutes for collections that a crash left with nobody to work on them. */
  watchOver(): Promise<void>;
}

export interface CollectionsOptions extends CollectionJobsOptions {
  /** From here on a person is asked. */
  approvalUsd: number;
}

const insertedAtOnce = 200;

/** Before `jobs.start()`: it defines its job. */
export function createCollections(options: CollectionsOptions): Collections {
  const { store, clock } = options;
  const jobs = createCollectionJobs(options);

  return {
    ...createCollectionReports(options),
    plan: (spec) => makePlan(options, spec),
    watchOver: () => jobs.watchOver(),
    async start({ spec, caller }) {
      const { mostUsd } = makePlan(options, spec);
      const id = randomUUID();
      const now = clock.now();
      const tasks = listItems(spec).map(({ key, item }, ordinal) =>
        toTask({ collectionId: id, key, item, ordinal, now }),
      );
      await store.transaction(async (tx) => {
        await tx.insertInto("data_collections").values(toRow({ id, caller, spec, mostUsd, now })).execute();
        for (let from = 0; from < tasks.length; from += insertedAtOnce) {
          await tx
            .insertInto("data_collection_tasks")
            .values(tasks.slice(from, from + insertedAtOnce))
            .execute();
        }
      });
      await jobs.enqueue({ id, run: 0, caller }, null);
      return id;
    },
    async control(id, caller, action) {
      const row = await moveCollection(store, { id, caller, action, now: clock.now() });
      if (action === "abort") await jobs.abort(id, caller);
      // What is aborted needs a job as well: it tells the vendors, and books what it has cost.
      if (action !== "pause") await jobs.enqueue({ ...row, run: row.run + 1 }, row.job_id);
    },
  };
}

// What is handed to a vendor is fetched from elsewhere: an address inside a network would be somebody else's.
const addresses = createAddressPolicy();

/** The open web has a guard of its own, and a question is no address. */
const isQuestion: ReadonlySet<string> = new Set(["pages", "tavily", "research", "twingly"]);

function makePlan(
  { sources, approvalUsd }: Pick<CollectionsOptions, "sources" | "approvalUsd">,
  spec: CollectionSpec,
): CollectionPlan {
  const items = listItems(spec);
  const bySource = [...Map.groupBy(items, ({ item }) => item.source)].map(([name, group]) => {
    const source = requireSource(sources, name);
    for (const { item } of group) if (!isQuestion.has(name)) checkAddresses(item);
    const mostUsd = group.reduce((sum, { item }) => sum + source.estimate(item).costUsd, 0);
    return { source: name, service: source.service, mode: source.mode, items: group.length, mostUsd };
  });
  const sum = bySource.reduce((total, { mostUsd }) => total + mostUsd, 0);
  const mostUsd = Math.min(sum, spec.budgetUsd);
  const actsAsPerson = bySource.some(({ source }) => source === "phantombuster");
  return { items: items.length, mostUsd, bySource, needsApproval: actsAsPerson || mostUsd > approvalUsd };
}

/** Wherever they stand in what a vendor is handed. */
function checkAddresses(value: unknown): void {
  if (typeof value === "string") {
    for (const [address] of value.matchAll(/https?:[^\s"'<>\\]+/gi))
      if (URL.canParse(address)) addresses.checkUrl(address);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) checkAddresses(part);
  }
}

function requireSource(sources: ReadonlyMap<string, Source>, name: string): Source {
  const source = sources.get(name);
  if (source) return source;
  throw new AppError("not_configured", `The source ${name} is not set up here.`, {
    hint: `There are: ${[...sources.keys()].join(", ")}. \`npm run sophia -- doctor\` shows what the others need.`,
  });
}

function toRow({
  id,
  caller,
  spec,
  mostUsd,
  now,
}: {
  id: string;
  caller: string;
  spec: CollectionSpec;
  mostUsd: number;
  now: number;
}): CollectionRow {
  return {
    id,
    caller,
    name: spec.name ?? null,
    state: "running",
    budget_nano_usd: toNanoUsd(spec.budgetUsd),
    estimate_nano_usd: toNanoUsd(mostUsd),
    deadline_at: now + Math.round(spec.deadlineMinutes * 60_000),
    job_id: null,
    run: 0,
    created_at: now,
    finished_at: null,
  };
}

function toTask({
  collectionId,
  key,
  item,
  ordinal,
  now,
}: {
  collectionId: string;
  key: string;
  item: Item;
  ordinal: number;
  now: number;
}): CollectionTables["data_collection_tasks"] {
  return {
    id: randomUUID(),
    collection_id: collectionId,
    ordinal,
    source: item.source,
    mode: null,
    item_key: key,
    item: JSON.stringify(item),
    state: "waiting",
    started_at: null,
    handle: null,
    reservation_id: null,
    harvest: null,
    cost_nano_usd: 0,
    documents: 0,
    error_kind: null,
    error_message: null,
    note: null,
    updated_at: now,
  };
}

type Action = "pause" | "resume" | "abort";

/** Throws AppError `invalid_input` where the collection is not in a state for that. */
async function moveCollection(
  store: Store<CollectionTables>,
  { id, caller, action, now }: { id: string; caller: string; action: Action; now: number },
): Promise<CollectionRow> {
  const row = await findCollection(store, id, caller);
  const from = action === "resume" ? ["paused"] : action === "pause" ? ["running"] : ["running", "paused"];
  const to = action === "resume" ? "running" : action === "pause" ? "paused" : "aborted";
  const changed = await store.db
    .updateTable("data_collections")
    .set({ state: to, ...(to === "aborted" && { finished_at: now }) })
    .where("id", "=", id)
    .where("state", "in", from as ("running" | "paused")[])
    .executeTakeFirst();
  if (changed.numUpdatedRows !== 1n) {
    throw new AppError("invalid_input", `The collection is ${row.state}: it cannot be told to ${action}.`);
  }
  return row;
}
