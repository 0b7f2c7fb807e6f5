import type { IncomingMessage, ServerResponse } from "node:http";
import type { RecordedCall } from "../openai/call-record.ts";
import type { FaultSwitch } from "../openai/faults.ts";
import type { Account } from "./account.ts";

/** What the routes share. */
export interface SimulatorState {
  seed: number;
  apiKey: string | undefined;
  faults: FaultSwitch;
  calls: RecordedCall[];
  account: Account;
  latency: { firstByteMs?: number; eventMs?: number };
  /** Answers by request, for `X-OpenRouter-Cache`. */
  cache: Map<string, { body: unknown; generationId: string; storedAt: number; ttlMs: number }>;
  nextGeneration: number;
}

/** One request on its way to an answer. */
export interface PostExchange {
  state: SimulatorState;
  body: unknown;
  request: IncomingMessage;
  response: ServerResponse;
}
