import type { Answer } from "../apify/answer.ts";
import type { SimulatorClock } from "../apify/simulator-clock.ts";
import type { Random } from "../web-corpus/random.ts";
import type { Account, RateWindows } from "./account.ts";
import type { FaultSwitch, HttpFault } from "./faults.ts";

/** Beside what any HTTP service does wrong: some of an extraction's addresses fail, a research ends badly. */
export type TavilyFault = HttpFault | { kind: "failed_results" } | { kind: "research_fails" };

export interface ResearchTask {
  id: string;
  input: string;
  model: string;
  createdAt: number;
  endsAt: number;
  fails: boolean;
  isBilled: boolean;
  hasOutputSchema: boolean;
}

export interface RecordedCall {
  method: string;
  path: string;
  body: Record<string, unknown>;
  projectId: string | undefined;
}

export interface TavilyState {
  clock: SimulatorClock;
  random: Random;
  faults: FaultSwitch<TavilyFault>;
  account: Account;
  rates: RateWindows;
  latency: { medianMs: number; sigma: number; scale: number };
  research: Map<string, ResearchTask>;
  calls: RecordedCall[];
  made: number;
}

export interface Exchange {
  state: TavilyState;
  path: string;
  body: Record<string, unknown>;
  fault: TavilyFault | undefined;
  startedAt: number;
}

export type Route = (exchange: Exchange) => Answer;

export function makeId(state: TavilyState): string {
  state.made += 1;
  const part = (length: number): string =>
    Array.from({ length }, () => Math.floor(state.random() * 16).toString(16)).join("");
  return `${part(8)}-${part(4)}-4${part(3)}-8${part(3)}-${String(state.made).padStart(12, "0")}`;
}

export function refuse(status: number, text = "VENDOR TEXT: simulated refusal"): Answer {
  return { status, json: { detail: { error: text } } };
}

/** The members that all answers end with. The vendor's own examples have the time as text in some, as a number in others. */
export function ending(exchange: Exchange, credits: number): Record<string, unknown> {
  const { state, body, startedAt } = exchange;
  return {
    response_time: Math.round((state.clock.now() - startedAt) / 10) / 100,
    ...(body["include_usage"] === true && { usage: { credits } }),
    request_id: makeId(state),
  };
}

export function textList(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
