import type { Secret } from "@sophia/core/config/secret";

/** A place that answers in the OpenAI shape. */
export interface ModelEndpoint {
  /** Name in sources, ledger and headers. */
  service: string;
  mode: "live" | "local" | "simulated";
  /** With `/v1`. */
  baseUrl: string;
  apiKey?: Secret;
  /** Models to offer, the default first; empty means all it lists. */
  models: readonly string[];
}
