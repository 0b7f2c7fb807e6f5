import type { Progress } from "@sophia/core/jobs/progress";
import type { Logger } from "pino";
import { toUsd } from "@sophia/core/ledger/nano-usd";
import type { DataBudgets } from "./data-budgets.ts";
import { abandonTask, itemOf, runTask, type RunTaskParts } from "./run-task.ts";
import type { Source } from "./source.ts";
import type { CollectionRow, TaskRow } from "./tables.ts";

export interface RunCollectionParts extends RunTaskParts {
  sources: ReadonlyMap<string, Source>;
  budgets: Pick<DataBudgets, "of">;
  log: Logger;
}

interface RunOptions {
  signal: AbortSignal;
  progress(progress: Progress): void;
}

const yearMs = 365 * 86_400_000;

/**
 * All open tasks: every source beside the others, and within each as many as it takes at a time. Ends when nothing is
 * open, when the collection is paused or aborted, or at its deadline; run again it goes on where it stood, and ends
 * what is left of one that was aborted.
 */
export async function runCollection(parts: RunCollectionParts, id: string, options: RunOptions): Promise<void> {
  const { tasks, clock } = parts;
  const collection = await tasks.collection(id);
  if (collection?.state === "aborted") await abandonAll(parts, collection);
  if (collection?.state !== "running") return;
  const open = await tasks.open(id);
  let done = 0;
  const mayGoOn = async (): Promise<boolean> => {
    options.signal.throwIfAborted();
    return clock.now() < collection.deadline_at && (await tasks.collection(id))?.state === "running";
  };

  const { caller, budget_nano_usd: budgetNanoUsd } = collection;
  async function work(source: Source, lanes: TaskRow[][]): Promise<void> {
    const own = { key: `of data collection ${id}`, limitUsd: toUsd(budgetNanoUsd), windowMs: yearMs };
    for (let lane = lanes.shift(); lane; lane = lanes.shift()) {
      for (const task of lane) {
        let waitMs: number | undefined = 0;
        while (waitMs !== undefined) {
          await clock.sleep(waitMs, options.signal);
          if (!(await mayGoOn())) return;
          const budgets = [own, ...(await parts.budgets.of(caller, source.service))];
          waitMs = await runTask(parts, { task, source, caller, budgets, signal: options.signal });
        }
        done += 1;
        options.progress({ done, total: open.length });
      }
    }
  }
  async function workThrough(source: Source, queue: TaskRow[]): Promise<void> {
    const lanes = [...Map.groupBy(queue, (task) => source.laneOf?.(itemOf(task)) ?? task.id).values()];
    const atOnce = Math.min(await askConcurrency(parts, source, options.signal), lanes.length);
    await settleAll(Array.from({ length: atOnce }, () => work(source, lanes)));
  }

  const groups = [...Map.groupBy(open, ({ source }) => source)];
  const workers = groups.map(([name, queue]) => {
    const source = parts.sources.get(name);
    return source ? workThrough(source, queue) : skipAll(parts, queue, name);
  });
  await settleAll(workers);
  const reason = "The deadline of the collection came before it was begun.";
  if ((await tasks.collection(id))?.state === "running") await tasks.close(id, reason);
}

/** Waits for all of them, also when one fails. */
async function settleAll(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === "rejected") throw result.reason;
}

/** One at a time where the vendor does not say. */
async function askConcurrency({ log }: RunCollectionParts, source: Source, signal: AbortSignal): Promise<number> {
  const { concurrency, name } = source;
  if (typeof concurrency === "number") return concurrency;
  try {
    return Math.max(1, await concurrency(signal));
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error, source: name }, "A source did not say how many items it takes at a time.");
    return 1;
  }
}

/** The source was there when the collection was made. */
async function skipAll({ tasks }: RunCollectionParts, queue: readonly TaskRow[], name: string): Promise<void> {
  const message = `${name} is not set up any more; \`npm run sophia -- doctor\` shows what it needs.`;
  for (const task of queue) await tasks.fail(task.id, "skipped", { kind: "not_configured", message });
}

async function abandonAll(parts: RunCollectionParts, { id, caller }: CollectionRow): Promise<void> {
  for (const task of await parts.tasks.open(id)) {
    const source = parts.sources.get(task.source);
    if (!source) continue;
    await abandonTask(parts, { task, source, caller, budgets: [] }).catch((error: unknown) => {
      parts.log.warn(
        { err: error, task: task.id },
        "A run of an aborted collection could not be stopped at its vendor.",
      );
    });
  }
}
