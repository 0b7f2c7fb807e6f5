import { randomUUID } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Store } from "@sophia/core/store/store";
import type { CollectionSpec } from "./collection-spec.ts";
import type { Collections } from "./collections.ts";
import type { CollectionTables } from "./tables.ts";

export interface CollectionSchedule {
  id: string;
  name: string;
  cron: string;
  timezone: string | null;
  /** Wall clock, ms. */
  nextRunAt: number;
  lastRunAt: number | null;
  spec: CollectionSpec;
}

/** Collections that are made again and again. */
export interface CollectionSchedules {
  list(caller: string): Promise<CollectionSchedule[]>;
  /** Throws AppError `invalid_input` for a pattern that is none or never comes due. */
  create(request: {
    spec: CollectionSpec;
    cron: string;
    timezone?: string | undefined;
    caller: string;
  }): Promise<string>;
  /** Throws AppError `not_found`, also for the schedule of another caller. */
  find(id: string, caller: string): Promise<CollectionSchedule>;
  remove(id: string, caller: string): Promise<void>;
}

interface Input {
  id: string;
  spec: CollectionSpec;
  caller: string;
}

const jobKind = "data.scheduled_collection";

/** Before `jobs.start()`: it defines its job. */
export function createCollectionSchedules(options: {
  store: Store<CollectionTables>;
  jobs: Pick<Jobs, "define" | "schedule" | "unschedule">;
  collections: Pick<Collections, "start">;
}): CollectionSchedules {
  const { store, jobs, collections } = options;
  jobs.define<Input>(jobKind, async ({ input, step }) => {
    const running = await findRunning(store, input);
    if (running !== undefined) return { skipped: `${running} is still at work` };
    const { id, spec, caller } = input;
    const named = { ...spec, name: nameOf(id, spec) };
    return { collectionId: await step("start", () => collections.start({ spec: named, caller })) };
  });

  async function list(caller: string): Promise<CollectionSchedule[]> {
    const rows = await store.db
      .selectFrom("schedules")
      .selectAll()
      .where("kind", "=", jobKind)
      .orderBy("name")
      .execute();
    return rows.flatMap((row) => {
      // The column holds what `create` was given.
      const input = JSON.parse(row.input) as Input;
      if (input.caller !== caller) return [];
      const { cron, timezone, next_run_at: nextRunAt, last_run_at: lastRunAt } = row;
      return [
        { id: input.id, name: nameOf(input.id, input.spec), cron, timezone, nextRunAt, lastRunAt, spec: input.spec },
      ];
    });
  }

  async function find(id: string, caller: string): Promise<CollectionSchedule> {
    const found = (await list(caller)).find((schedule) => schedule.id === id);
    if (found) return found;
    throw new AppError("not_found", "There is no such schedule.", { hint: "list_schedules shows yours." });
  }

  return {
    list,
    find,
    async create({ spec, cron, timezone, caller }) {
      const id = randomUUID();
      const input: Input = { id, spec, caller };
      await jobs.schedule({
        name: scheduleName(id),
        cron,
        kind: jobKind,
        input,
        ...(timezone !== undefined && { timezone }),
      });
      return id;
    },
    async remove(id, caller) {
      await find(id, caller);
      await jobs.unschedule(scheduleName(id));
    },
  };
}

/** One that is still at work stands for this time, too: a slow site must not collect a queue. */
async function findRunning({ db }: Store<CollectionTables>, { id, spec, caller }: Input): Promise<string | undefined> {
  const row = await db
    .selectFrom("data_collections")
    .select("id")
    .where("caller", "=", caller)
    .where("name", "=", nameOf(id, spec))
    .where("state", "in", ["running", "paused"])
    .executeTakeFirst();
  return row?.id;
}

function scheduleName(id: string): string {
  return `${jobKind}:${id}`;
}

/** What its collections are called, by which the next one finds one that is still at work. */
function nameOf(id: string, { name }: CollectionSpec): string {
  return `${name ?? "scheduled"} (${id.slice(0, 8)})`;
}
