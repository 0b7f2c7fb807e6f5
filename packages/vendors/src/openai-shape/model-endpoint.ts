import type { Secret } from "@sophia/core/config/secret";
import type { ProviderProfile } from "./provider-profile.ts";

/** A place that answers in the OpenAI shape. */
export interface ModelEndpoint {
  /** Name in sources, ledger and headers. */
  service: string;
  mode: "live" | "local" | "simulated";
  /** With `/v1`. */
  baseUrl: string;
  apiKey?: Secret;
  /** What it does differently from OpenAI. */
  profile?: ProviderProfile;
  /** Models to offer, the default first; empty means all it lists. */
  models: readonly string[];
}
