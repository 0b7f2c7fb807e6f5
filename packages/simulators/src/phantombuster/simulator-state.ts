import type { Answer } from "../apify/answer.ts";
import type { SimulatorClock } from "../apify/simulator-clock.ts";
import type { FaultSwitch } from "../tavily/faults.ts";
import type { Random } from "../web-corpus/random.ts";

/** `after`: what was asked for is done, only the answer is lost. */
type Moment = "before" | "after";

export type PhantombusterFault =
  | { kind: "status"; status: number; moment?: Moment }
  | { kind: "cut"; moment?: Moment | "half_body" }
  | { kind: "html"; status: number; moment?: Moment }
  | { kind: "slow"; delayMs: number }
  /** The run that this launch begins ends so. */
  | { kind: "run_ends"; endType: string; exitCode: number | null }
  | { kind: "launch_error" }
  /** The launch's answer names no container: the vendor describes none. */
  | { kind: "empty_launch" }
  /** The result is half of one. */
  | { kind: "broken_result" };

export interface Agent {
  id: string;
  name: string;
  script: string;
  createdAt: number;
  launchCount: number;
  lastEndType: string | null;
}

/** Times: wall clock, ms. */
export interface Container {
  id: string;
  agentId: string;
  createdAt: number;
  launchedAt: number;
  endsAt: number;
  endType: string;
  exitCode: number | null;
  isLaunchError: boolean;
  metadata: Record<string, unknown> | undefined;
}

export interface RecordedCall {
  method: string;
  path: string;
  body: Record<string, unknown>;
  orgId: string | undefined;
}

export interface PhantombusterState {
  clock: SimulatorClock;
  random: Random;
  faults: FaultSwitch<PhantombusterFault>;
  plan: { parallelism: number; dailyExecutionTimeMs: number };
  latency: { medianMs: number; sigma: number; scale: number };
  agents: Map<string, Agent>;
  containers: Map<string, Container>;
  launched: number;
  calls: RecordedCall[];
}

export interface Exchange {
  state: PhantombusterState;
  query: URLSearchParams;
  body: Record<string, unknown>;
  fault: PhantombusterFault | undefined;
}

export type Route = (exchange: Exchange) => Answer;

/** The vendor's errors: a text, no code. */
export function refuse(status: number, text: string): Answer {
  return { status, json: { status: "error", error: `VENDOR TEXT: ${text}` } };
}

export function isRunning(state: PhantombusterState, { isLaunchError, endsAt }: Container): boolean {
  return !isLaunchError && endsAt > state.clock.now();
}

/** Execution time of all runs so far, ms. */
export function usedMs(state: PhantombusterState): number {
  const now = state.clock.now();
  const times = [...state.containers.values()].map(({ endsAt, launchedAt }) => Math.min(now, endsAt) - launchedAt);
  return times.reduce((sum, ms) => sum + Math.max(0, ms), 0);
}
