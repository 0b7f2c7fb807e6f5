import type { ActorPricing, Item, SimulatedActor } from "./actors.ts";

export type RunStatus =
  | "READY"
  | "RUNNING"
  | "SUCCEEDED"
  | "FAILED"
  | "TIMING-OUT"
  | "TIMED-OUT"
  | "ABORTING"
  | "ABORTED";

export interface RunOptions {
  build: string;
  timeoutSecs: number;
  memoryMbytes: number;
  diskMbytes: number;
  maxItems?: number;
  maxTotalChargeUsd?: number;
}

/** Decided at the start; everything else about a run follows from the time. */
export interface SimulatedRun {
  id: string;
  actor: SimulatedActor;
  taskId: string | null;
  startedAt: number;
  /** Unscaled, ms: what the run is billed for when it is not cut short. */
  nominalMs: number;
  scale: number;
  end: "SUCCEEDED" | "FAILED" | "TIMED-OUT";
  abortedAt: number | undefined;
  options: RunOptions;
  userAgent: string | null;
  inputBytes: number;
  buildId: string;
  datasetId: string;
  storeId: string;
  queueId: string;
  items: readonly Item[];
}

/** Made up: the vendor's price depends on the plan. */
export const computeUnitUsd = 0.3;
const settleMs = 10_000;
const readyShare = 0.05;
const windDownMs = 200;
const preliminaryShare = 0.6;

/** When it has ended, or will. */
export function endOf(run: SimulatedRun): number {
  const length = Math.min(run.nominalMs, run.options.timeoutSecs * 1_000 || Infinity) * run.scale;
  const planned = run.startedAt + length;
  if (run.abortedAt === undefined || run.abortedAt >= planned) return planned;
  return run.abortedAt + windDownMs * run.scale;
}

export function statusAt(run: SimulatedRun, now: number): RunStatus {
  const end = endOf(run);
  const isAborted = run.abortedAt !== undefined && run.abortedAt < end;
  if (now >= end) return isAborted ? "ABORTED" : finalStatus(run);
  if (isAborted && now >= (run.abortedAt ?? 0)) return "ABORTING";
  const isLast = now >= end - windDownMs * run.scale;
  if (isLast && finalStatus(run) === "TIMED-OUT") return "TIMING-OUT";
  return now < run.startedAt + (end - run.startedAt) * readyShare ? "READY" : "RUNNING";
}

function finalStatus(run: SimulatedRun): "SUCCEEDED" | "FAILED" | "TIMED-OUT" {
  const timeoutMs = run.options.timeoutSecs * 1_000;
  return timeoutMs > 0 && run.nominalMs > timeoutMs ? "TIMED-OUT" : run.end;
}

export function isActive(run: SimulatedRun, now: number): boolean {
  return now < endOf(run);
}

/** Items come evenly over the run; one that does not succeed stops short. */
export function itemsAt(run: SimulatedRun, now: number): readonly Item[] {
  const length = run.nominalMs * run.scale;
  const isWhole = now >= run.startedAt + length && statusAt(run, now) === "SUCCEEDED";
  const share = isWhole ? 1 : Math.min(1, (Math.min(now, endOf(run)) - run.startedAt) / length);
  const reached = run.end === "FAILED" ? share * 0.5 : share;
  const wanted = Math.floor(run.items.length * reached);
  return run.items.slice(0, Math.min(wanted, mostItems(run)));
}

/** What the caps of the start let through. */
function mostItems({ actor, options }: SimulatedRun): number {
  const price = pricePerItem(actor.pricing);
  const cap = options.maxTotalChargeUsd;
  const paid =
    cap === undefined || price === 0 ? Infinity : Math.floor((cap - startPrice(actor.pricing)) / price + 1e-9);
  return Math.max(0, Math.min(paid, options.maxItems ?? Infinity));
}

export function isStoppedByCap(run: SimulatedRun): boolean {
  return mostItems(run) < run.items.length;
}

export interface RunCost {
  computeUnits: number;
  totalUsd: number;
  computeUsd: number;
  events: Record<string, number>;
}

/** Billed to date. Until ten seconds after the end only a part of it shows. */
export function costAt(run: SimulatedRun, now: number): RunCost {
  const lengthMs = (Math.min(now, endOf(run)) - run.startedAt) / run.scale;
  const computeUnits = (run.options.memoryMbytes / 1_024) * (lengthMs / 3_600_000);
  const count = itemsAt(run, now).length;
  const { pricing } = run.actor;
  const computeUsd = pricing.pricingModel === "FREE" ? computeUnits * computeUnitUsd : 0;
  const paid = pricing.pricingModel === "FREE" ? 0 : startPrice(pricing) + count * pricePerItem(pricing);
  const shown = now >= endOf(run) + settleMs * run.scale ? 1 : preliminaryShare;
  return {
    computeUnits,
    computeUsd: computeUsd * shown,
    totalUsd: (computeUsd + paid) * shown,
    events: chargedEvents(pricing, count),
  };
}

function chargedEvents(pricing: ActorPricing, count: number): Record<string, number> {
  if (pricing.pricingModel !== "PAY_PER_EVENT") return {};
  const events = Object.entries(pricing.pricingPerEvent.actorChargeEvents);
  return Object.fromEntries(events.map(([name, { isOneTimeEvent }]) => [name, isOneTimeEvent === true ? 1 : count]));
}

function pricePerItem(pricing: ActorPricing): number {
  if (pricing.pricingModel === "PRICE_PER_DATASET_ITEM") return pricing.pricePerUnitUsd;
  if (pricing.pricingModel === "FREE") return 0;
  return sumEvents(pricing, false);
}

function startPrice(pricing: ActorPricing): number {
  return pricing.pricingModel === "PAY_PER_EVENT" ? sumEvents(pricing, true) : 0;
}

function sumEvents(pricing: Extract<ActorPricing, { pricingModel: "PAY_PER_EVENT" }>, isOneTime: boolean): number {
  return Object.values(pricing.pricingPerEvent.actorChargeEvents)
    .filter((event) => (event.isOneTimeEvent ?? false) === isOneTime)
    .reduce((sum, event) => sum + event.eventPriceUsd, 0);
}
