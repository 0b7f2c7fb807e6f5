// https://portkey.ai/docs/api-reference/inference-api/headers
import type { VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";
import type { AnswerFacts, CallWishes } from "../openai-shape/call-wishes.ts";
import type { ProviderProfile } from "../openai-shape/provider-profile.ts";

export const portkeyBaseUrl = "https://api.portkey.ai/v1";

export interface PortkeyOptions {
  /** A gateway of your own instead of the hosted one. */
  baseUrl?: string | undefined;
  /** Id of a saved configuration (`pc-…`), or one as JSON: targets, retries, cache. Models then need no provider. */
  config?: string | undefined;
  /** Slug of a provider integration, for models that do not name theirs as `@provider/model`. */
  provider?: string | undefined;
}

/** `{status: "failure", message}` is the gateway's own wording; what a provider behind it says comes as it is. */
const GatewayFailure = z.object({ status: z.literal("failure"), message: z.string() });

/** Portkey as an upstream. Its cache of answers is asked only when the caller wishes; ours stands before it. */
export function createPortkeyProfile(options: PortkeyOptions = {}): ProviderProfile {
  return {
    service: "portkey",
    baseUrl: options.baseUrl ?? portkeyBaseUrl,
    auth: (secret) => ({ in: "header", name: "x-portkey-api-key", secret }),
    headers: {
      ...(options.config !== undefined && { "x-portkey-config": options.config }),
      ...(options.provider !== undefined && { "x-portkey-provider": options.provider }),
    },
    shape: (_operation, body, wishes) => ({ body: { ...body }, headers: toHeaders(wishes) }),
    readFacts,
    explain,
  };
}

/**
 * The names that find the call again in Portkey's logs. Whether it may answer from its cache stands in the
 * configuration; without the caller's wish the answer is at least asked for anew.
 */
function toHeaders({ requestId, conversationKey, responseCache }: CallWishes): Record<string, string> {
  return {
    ...(requestId !== undefined && { "x-portkey-trace-id": requestId }),
    ...(conversationKey !== undefined && {
      "x-portkey-metadata": JSON.stringify({ conversation: conversationKey }),
    }),
    ...(responseCache === undefined && { "x-portkey-cache-force-refresh": "true" }),
  };
}

function readFacts(headers: Readonly<Record<string, string>>): AnswerFacts {
  const retries = Number(headers["x-portkey-retry-attempt-count"] ?? Number.NaN);
  return {
    generationId: headers["x-portkey-trace-id"],
    responseCache: readCacheStatus(headers["x-portkey-cache-status"]),
    ...(Number.isInteger(retries) && retries >= 0 && { retries }),
    upstreamProvider: headers["x-portkey-provider"],
  };
}

function readCacheStatus(status: string | undefined): AnswerFacts["responseCache"] {
  if (status === "HIT" || status === "SEMANTIC HIT") return "hit";
  if (status === "MISS" || status === "SEMANTIC MISS" || status === "REFRESH") return "miss";
  return status === "DISABLED" ? "off" : undefined;
}

function explain(status: number, body: unknown): VendorFailure | undefined {
  const failure = GatewayFailure.safeParse(body);
  if (!failure.success) return undefined;
  if (status === 400 && /config|provider|virtual.?key/i.test(failure.data.message)) {
    return {
      kind: "not_configured",
      hint: "Name the provider in the model (@provider/model), or set PORTKEY_PROVIDER or PORTKEY_CONFIG.",
    };
  }
  return undefined;
}
