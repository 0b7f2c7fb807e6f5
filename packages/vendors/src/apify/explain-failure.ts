import type { VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";

const ErrorBody = z.object({ error: z.object({ type: z.string() }) });

/** https://docs.apify.com/api/v2#errors, by the vendor's word for it. */
const meanings: Readonly<Record<string, VendorFailure>> = {
  "actor-memory-limit-exceeded": {
    kind: "rate_limited",
    hint: "The account's runs hold all of its memory: wait until one has ended, or start with less memory.",
  },
  "concurrent-runs-limit-exceeded": {
    kind: "rate_limited",
    hint: "The account has as many runs as its plan allows: wait until one has ended.",
  },
  "not-enough-usage-to-run-paid-actor": {
    kind: "budget_exceeded",
    hint: "The account's monthly usage is used up: raise its limit in the Apify console, or wait for the next cycle.",
  },
  "monthly-usage-limit-too-low": {
    kind: "budget_exceeded",
    hint: "The account's monthly limit is lower than this needs: raise it in the Apify console.",
  },
  "actor-is-not-rented": { kind: "denied", hint: "This Actor must be rented in the Apify console first." },
  "apify-plan-required-to-use-paid-actor": { kind: "denied", hint: "This Actor needs a paid plan of Apify." },
  "full-permission-actor-not-approved": {
    kind: "denied",
    hint: "This Actor wants full access to the account: approve it in the Apify console first.",
  },
  "public-actor-disabled": { kind: "denied", hint: "The account may not use public Actors." },
  "insufficient-permissions": { kind: "denied", hint: "The token's scope does not include this." },
  "max-total-charge-usd-below-minimum": {
    kind: "invalid_input",
    hint: "This Actor wants a higher cap on its charge: its details name the lowest.",
  },
  "invalid-input": { kind: "invalid_input", hint: "The Actor refuses this input: its details show the input schema." },
  "schema-validation": { kind: "invalid_input", hint: "The Actor refuses this input: see its input schema." },
  "actor-not-found": { kind: "not_found", hint: "Search the store for the Actor; names are written username~name." },
  "run-timeout-exceeded": { kind: "timeout", hint: "The run goes on: wait for it by its id." },
};

/** What a refusal means beyond its status. Nothing of the vendor's text is kept. */
export function explainFailure(_status: number, body: unknown): VendorFailure | undefined {
  const type = ErrorBody.safeParse(body).data?.error.type;
  return type !== undefined && Object.hasOwn(meanings, type) ? meanings[type] : undefined;
}
