import type { ChatBody } from "@sophia/vendors/openai-shape/byte-calls";
import type { CallOptions } from "@sophia/vendors/openai-shape/call-wishes";
import type { Try } from "./ask-targets.ts";
import type { ChatCall } from "./chat-call.ts";
import type { KeyPolicy } from "./key-policy.ts";
import type { Target } from "./targets.ts";

/** The request as this target is to get it; its own bytes where nothing differs. */
export function toUpstreamBody({ request, encoded }: ChatCall, { model }: Target, stream: boolean): ChatBody {
  const hasUsage = request.stream_options?.include_usage === true;
  const isRight = stream ? request.stream === true && hasUsage : request.stream !== true && !request.stream_options;
  if (isRight && request.model === model) return { fields: request, encoded };
  const fields: Record<string, unknown> = { ...request, model };
  if (stream) {
    fields["stream"] = true;
    // Usage is always asked for, because the ledger needs it; the caller sees it only when it asked too.
    fields["stream_options"] = { ...request.stream_options, include_usage: true };
  } else {
    delete fields["stream"];
    delete fields["stream_options"];
  }
  return { fields };
}

/** What the provider is to be told beyond the request, where its profile can say it, and the time that is left. */
export function toCallOptions(
  call: ChatCall,
  { provider }: Target,
  { dataPolicy }: KeyPolicy,
  { timeoutMs, onFacts }: Pick<Try, "timeoutMs" | "onFacts">,
): CallOptions | undefined {
  if (!provider.endpoint.profile?.shape) return timeoutMs === undefined ? undefined : { timeoutMs };
  const conversationKey = call.request["prompt_cache_key"];
  return {
    timeoutMs,
    wishes: {
      requestId: call.requestId,
      ...(dataPolicy !== "any" && { dataPolicy }),
      ...(call.qualityFloor !== undefined && { qualityFloor: call.qualityFloor }),
      ...(typeof conversationKey === "string" && { conversationKey }),
      ...(call.providerCacheMs !== undefined && { responseCache: { ttlMs: call.providerCacheMs } }),
    },
    ...(onFacts && { onFacts }),
  };
}
