import type { Answer } from "../apify/answer.ts";
import type { SimulatorClock } from "../apify/simulator-clock.ts";
import type { FaultSwitch, HttpFault } from "../tavily/faults.ts";
import type { Random } from "../web-corpus/random.ts";

/** What a page asks for before it can be read. */
export type Protection = "none" | "js_render" | "premium_proxy" | "both" | "impossible";

export interface TargetPage {
  /** The target's own. Default 200. */
  status?: number;
  html: string;
  protection?: Protection;
  /** Where the target sends its reader on to. */
  finalUrl?: string;
}

export interface BatchTask {
  id: string;
  url: string;
  externalId: string | undefined;
  params: URLSearchParams;
  endsAt: number;
}

export interface BatchJob {
  id: string;
  runId: string;
  name: string | undefined;
  createdAt: number;
  stoppedAt: number | undefined;
  tasks: BatchTask[];
}

export interface RecordedCall {
  method: string;
  path: string;
  query: Readonly<Record<string, string>>;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

export interface ZenRowsState {
  clock: SimulatorClock;
  random: Random;
  faults: FaultSwitch<HttpFault>;
  pages: ReadonlyMap<string, TargetPage>;
  /** By host name. */
  protection: Readonly<Record<string, Protection>>;
  latency: { medianMs: number; sigma: number; scale: number };
  concurrency: { limit: number; used: number; most: number; refused: number };
  credits: { left: number; used: number };
  jobs: Map<string, BatchJob>;
  jobByIdempotencyKey: Map<string, string>;
  calls: RecordedCall[];
  made: number;
}

export function makeId(state: ZenRowsState, prefix: string): string {
  state.made += 1;
  return `${prefix}_${Math.floor(state.random() * 0xffff_ffff)
    .toString(16)
    .padStart(8, "0")}${state.made}`;
}

const titles: Readonly<Record<string, string>> = {
  AUTH001: "API key missing",
  AUTH003: "API key not found",
  AUTH004: "Usage exceeded",
  AUTH006: "Concurrency limit exceeded",
  AUTH008: "Rate limit exceeded",
  AUTH010: "Feature not available",
  BLK0001: "IP address blocked",
  CTX0002: "Request exceeded the maximum time",
  REQS001: "Requests to this domain are forbidden",
  REQS002: "The request needs more features",
  REQS004: "Invalid parameters",
  RESP001: "Could not get content",
  RESP002: "Page not found",
  RESP007: "Could not resolve DNS",
};

/** RFC 7807, though served as plain JSON. https://docs.zenrows.com/api-error-codes */
export function refuse(status: number, code: string, contentType = "application/json"): Answer {
  const title = titles[code] ?? "Error";
  const type = `https://docs.zenrows.com/api-error-codes#${code}`;
  return { status, contentType, json: { code, detail: `VENDOR TEXT: ${title}`, instance: "/v1", status, title, type } };
}
