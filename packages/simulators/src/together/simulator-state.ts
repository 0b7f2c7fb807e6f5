import type { ServerResponse } from "node:http";
import type { RecordedCall } from "../openai/call-record.ts";
import type { FaultSwitch } from "../openai/faults.ts";
import type { RateWindow } from "./rate-window.ts";

/** What the routes share. */
export interface SimulatorState {
  seed: number;
  apiKey: string | undefined;
  faults: FaultSwitch;
  calls: RecordedCall[];
  rate: RateWindow;
  latency: { firstByteMs?: number; eventMs?: number };
}

/** One request on its way to an answer. */
export interface PostExchange {
  state: SimulatorState;
  body: unknown;
  response: ServerResponse;
}
