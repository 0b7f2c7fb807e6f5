import type { Secret } from "@sophia/core/config/secret";
import type { DataPolicy } from "@sophia/core/routing/candidate";
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
  /** What its contract promises about all texts, whatever a request says. Absent: nothing, unless it is this machine. */
  dataPolicy?: DataPolicy;
  /** Where it runs, in the words of whoever set it up, e.g. `eu`. */
  region?: string;
}
