import type { Secret } from "../config/secret.ts";

/** Where the text of a request may go, from the strictest on. A candidate promises one; a request demands at least one. */
export type DataPolicy = "local" | "zero_retention" | "no_training" | "any";

/** USD per million tokens. */
export interface CandidatePrice {
  inputUsdPerMillion: number;
  outputUsdPerMillion: number;
  /** Of input the provider has in its prompt cache. Absent: no discount is known. */
  cachedInputUsdPerMillion?: number | undefined;
  /** False: no list has the model, and the figures above are 0 without meaning "free". */
  known: boolean;
  /** Day of the price, YYYY-MM-DD. */
  asOf: string;
}

/** One model at one endpoint: what a route is made of. */
export interface Candidate {
  /** Unique among the candidates of one request, and stable over restarts. */
  id: string;
  /** One base URL with one credential: what an expired key or a missing payment stops as a whole. */
  endpointId: string;
  service: string;
  mode: "live" | "local" | "simulated";
  /** As the endpoint names it. */
  model: string;
  /** The model whoever serves it, so that outcomes at one endpoint speak for all of them. */
  family: string;
  /** Most tokens of request and answer together; absent: unknown. */
  contextLength?: number | undefined;
  maxOutputTokens?: number | undefined;
  /** `undefined`: the endpoint does not say. */
  supports: { tools?: boolean | undefined; json?: boolean | undefined; vision?: boolean | undefined };
  region?: string | undefined;
  /** What the endpoint is asked with: what was said against an old value does not count against the next. */
  credential?: Secret | undefined;
  dataPolicy: DataPolicy;
  price: CandidatePrice;
}
