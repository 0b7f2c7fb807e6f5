import { AppError, toAppError, type FailureCost } from "@sophia/core/errors/app-error";
import type { Budget } from "@sophia/core/ledger/budget-buckets";
import type { Ledger } from "@sophia/core/ledger/ledger";
import { toNanoUsd } from "@sophia/core/ledger/nano-usd";
import type { Clock } from "@sophia/core/limits/clock";
import type { Item } from "./collection-spec.ts";
import { labelSource } from "./label-source.ts";
import type { SaveFound } from "./save-found.ts";
import { billed } from "./sources/billed.ts";
import type { Harvest, LongSource, ShortSource, Source, StoredPage } from "./source.ts";
import type { TaskRow } from "./tables.ts";
import type { TaskStore } from "./task-store.ts";

export interface RunTaskParts {
  tasks: TaskStore;
  ledger: Pick<Ledger, "reserve" | "settle" | "release">;
  saveFound: SaveFound;
  clock: Clock;
}

export interface TaskCall {
  task: TaskRow;
  source: Source;
  caller: string;
  budgets: readonly Budget[];
  signal: AbortSignal;
}

/** A vendor's run may take as long as a collection. */
const holdMs = 26 * 60 * 60_000;
/** Between two tries at a vendor that takes no more just now. */
const leastWaitMs = 5_000;
/** A vendor that cannot be reached does not lose a run: so many looks in a row may fail. */
const looksThatMayFail = 30;
/** For telling a vendor to stop what nobody waits for any more. */
const stopTimeoutMs = 15_000;

/**
 * One item, from wherever it stood: each step is durable before the next. What was sent is never sent again: a run is
 * looked up by its tag, a paid request whose answer was lost stays `unknown` and counts at its estimate. Returns after
 * how many ms it is to be run again when the vendor takes no more just now. Throws only when the signal ends it.
 */
export async function runTask(parts: RunTaskParts, call: TaskCall): Promise<number | undefined> {
  const { task, signal } = call;
  try {
    const harvest = task.state === "received" ? readHarvest(task) : await obtain(parts, call);
    if (harvest) await store(parts, call, harvest);
  } catch (error) {
    if (signal.aborted) throw error;
    const { kind, message, hint, retryAfterMs } = toAppError(error);
    if (kind === "rate_limited" && task.state === "started" && task.handle === null) {
      const anew = { state: "waiting", reservation_id: null, started_at: null, mode: null } as const;
      await parts.tasks.change(task.id, anew);
      Object.assign(task, anew);
      return Math.max(leastWaitMs, retryAfterMs ?? 0);
    }
    const isRefused = kind === "budget_exceeded" && task.state === "waiting";
    await parts.tasks.fail(task.id, isRefused ? "skipped" : "failed", {
      kind,
      message: [message, hint].filter(Boolean).join(" "),
    });
  }
  return undefined;
}

/** `undefined`: the task has ended without an answer. */
function obtain(parts: RunTaskParts, call: TaskCall): Promise<Harvest | undefined> {
  return call.source.kind === "short" ? askOnce(parts, call, call.source) : runAtVendor(parts, call, call.source);
}

async function askOnce(parts: RunTaskParts, call: TaskCall, source: ShortSource): Promise<Harvest | undefined> {
  const { task, signal } = call;
  if (task.state === "started" && !source.isRepeatable) return await giveUp(parts, call);
  if (!(await begin(parts, call))) return undefined;
  let harvest;
  try {
    harvest = await source.collect(itemOf(task), signal);
  } catch (error) {
    // An abort in the middle may have been paid for; so may an answer that was cut off.
    const isLost = !source.isRepeatable && (signal.aborted || isUnclear(error));
    if (!isLost) await settleFailure(parts, call, toAppError(error).cost);
    else await giveUp(parts, call);
    if (isLost && !signal.aborted) return undefined;
    throw error;
  }
  await parts.tasks.receive(task.id, harvest);
  return harvest;
}

async function runAtVendor(parts: RunTaskParts, call: TaskCall, source: LongSource): Promise<Harvest | undefined> {
  const { task, signal } = call;
  const item = itemOf(task);
  const handle = task.handle ?? (await start(parts, call, source));
  if (handle === undefined) return undefined;
  let harvest;
  try {
    while (!(await patiently(parts, call, source, () => source.hasEnded(item, handle, signal))))
      signal.throwIfAborted();
    harvest = await patiently(parts, call, source, () => source.read(item, handle, signal));
  } catch (error) {
    if (!signal.aborted) await settleRun(parts, call, source);
    throw error;
  }
  await parts.tasks.receive(task.id, harvest);
  return harvest;
}

/** The run goes on at its vendor while nobody can look at it. */
async function patiently<Result>(
  { clock }: RunTaskParts,
  { signal }: TaskCall,
  { pollMs }: LongSource,
  look: () => Promise<Result>,
): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await look();
    } catch (error) {
      if (signal.aborted || !toAppError(error).retryable || failures > looksThatMayFail) throw error;
      await clock.sleep(pollMs, signal);
    }
  }
}

async function start(parts: RunTaskParts, call: TaskCall, source: LongSource): Promise<string | undefined> {
  const { task, signal } = call;
  const item = itemOf(task);
  const tag = tagOf(task);
  if (task.state === "started") {
    const found = await source.find(item, { tag, since: task.started_at ?? 0 }, signal);
    return found === undefined ? await giveUp(parts, call) : await keepHandle(parts, task, found);
  }
  if (!(await begin(parts, call))) return undefined;
  let started;
  try {
    started = await source.start(item, tag, signal);
  } catch (error) {
    // While the signal ends it, it may have begun: it stays `started`, and is looked up when the collection goes on.
    if (!signal.aborted) await release(parts, task.reservation_id);
    throw error;
  }
  return started === "unknown" ? await giveUp(parts, call) : await keepHandle(parts, task, started.handle);
}

async function keepHandle({ tasks }: RunTaskParts, task: TaskRow, handle: string): Promise<string> {
  await tasks.change(task.id, { handle });
  task.handle = handle;
  return handle;
}

/**
 * Money first, then the mark that it is sent: what a crash leaves between the two gives its money back by itself.
 * False: another process has it in hand.
 */
async function begin(
  { tasks, ledger, clock }: RunTaskParts,
  { task, source, caller, budgets }: TaskCall,
): Promise<boolean> {
  const expected = source.estimate(itemOf(task));
  const isFree = source.kind === "short" && source.isRepeatable;
  const reservation = isFree
    ? undefined
    : await ledger.reserve({
        requestId: task.id,
        server: "data",
        service: source.service,
        caller,
        unit: source.unit,
        ...expected,
        budgets,
        expiresInMs: holdMs,
      });
  const mark = { reservation_id: reservation?.id ?? null, started_at: clock.now(), mode: source.mode };
  if (!(await tasks.begin(task, mark))) {
    await release({ ledger }, mark.reservation_id);
    return false;
  }
  // Later steps of this run go by it.
  Object.assign(task, mark, { state: "started" });
  return true;
}

/** Nobody knows what became of it: it is not sent again, counts at its estimate, and is shown. */
async function giveUp(parts: RunTaskParts, call: Omit<TaskCall, "signal">): Promise<undefined> {
  await settleAtEstimate(parts, call);
  await parts.tasks.fail(call.task.id, "unknown", {
    kind: "unavailable",
    message:
      "It was sent, and its outcome was lost. It is not sent again by itself, because it may have been done and paid for.",
  });
}

async function settleAtEstimate(
  { ledger, tasks }: RunTaskParts,
  { task, source }: Omit<TaskCall, "signal">,
): Promise<void> {
  if (task.reservation_id === null) return;
  const expected = source.estimate(itemOf(task));
  await ledger.settle({ id: task.reservation_id }, { ...expected, kind: "estimate" });
  await tasks.change(task.id, { cost_nano_usd: toNanoUsd(expected.costUsd) });
}

/** Some refusals are billed: a page that does not exist was looked for. */
async function settleFailure(
  { ledger, tasks }: RunTaskParts,
  { task, source }: Omit<TaskCall, "signal">,
  cost: FailureCost | undefined,
): Promise<void> {
  if (!cost || task.reservation_id === null) return await release({ ledger }, task.reservation_id);
  const paid = billed(source.mode, cost);
  await ledger.settle({ id: task.reservation_id }, paid);
  await tasks.change(task.id, { cost_nano_usd: toNanoUsd(paid.costUsd) });
}

async function release({ ledger }: Pick<RunTaskParts, "ledger">, reservationId: string | null): Promise<void> {
  if (reservationId !== null) await ledger.release({ id: reservationId });
}

/** Books the cost, stores the documents, and ends the task; each of them changes nothing when it is done again. */
async function store(
  { tasks, ledger, saveFound }: RunTaskParts,
  { task, source, signal }: TaskCall,
  harvest: Harvest,
): Promise<void> {
  const { quantity, costUsd, kind } = harvest;
  if (task.reservation_id !== null) await ledger.settle({ id: task.reservation_id }, { quantity, costUsd, kind });
  const pages: StoredPage[] = [...(harvest.stored ?? [])];
  for (const page of harvest.pages ?? [])
    pages.push(await saveFound(page, labelSource(source.name, source.mode), signal));
  await tasks.finish(task, pages);
}

/** A run that failed or was stopped has its cost all the same. */
async function settleRun(parts: RunTaskParts, call: Omit<TaskCall, "signal">, source: LongSource): Promise<void> {
  const { task } = call;
  if (task.reservation_id === null || task.handle === null) return;
  try {
    const cost = await source.cost(itemOf(task), task.handle, AbortSignal.timeout(stopTimeoutMs));
    await parts.ledger.settle({ id: task.reservation_id }, cost);
    await parts.tasks.change(task.id, { cost_nano_usd: toNanoUsd(cost.costUsd) });
  } catch {
    await settleAtEstimate(parts, call);
  }
}

/** Ends a task of a collection that was aborted: its vendor is told to stop, and what it has cost is booked. */
export async function abandonTask(parts: RunTaskParts, call: Omit<TaskCall, "signal">): Promise<void> {
  const { task, source } = call;
  if (source.kind === "long" && task.handle !== null) {
    await source.stop(itemOf(task), task.handle, AbortSignal.timeout(stopTimeoutMs));
    await settleRun(parts, call, source);
  } else if (task.state === "started" && !(source.kind === "short" && source.isRepeatable)) {
    await giveUp(parts, call);
    return;
  }
  await parts.tasks.fail(task.id, "skipped", { kind: "denied", message: "The collection was aborted." });
}

function isUnclear(error: unknown): boolean {
  return error instanceof AppError && error.reason === "outcome_unknown";
}

export function itemOf({ item }: Pick<TaskRow, "item">): Item {
  // The column holds what a checked specification was made into.
  return JSON.parse(item) as Item;
}

/** By it the vendor's run is found again: 8 to 64 letters, digits and dashes. */
function tagOf({ id }: TaskRow): string {
  return `task-${id}`;
}

function readHarvest({ harvest }: TaskRow): Harvest {
  return JSON.parse(harvest ?? "{}") as Harvest;
}
