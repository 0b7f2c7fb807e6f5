import { parseUsage, estimateTokens, type Usage } from "@sophia/vendors/openai-shape/usage";
import { type StoredAnswer, toStoredAnswer } from "./answer.ts";
import { type AskParts, type AskRequest, askTargets } from "./ask-targets.ts";
import { toCallOptions, toUpstreamBody } from "./upstream-body.ts";
import type { Cost } from "./chat-call.ts";
import { readCompletionText } from "./completion-text.ts";
import type { Target } from "./targets.ts";

/** A provider's answer in one piece. */
export interface WholeReply extends Cost {
  target: Target;
  completion: Record<string, unknown>;
  bytes: Buffer | undefined;
  usage: Usage;
  text: string;
  finishReason: string;
  /** The answer, when it may be given again. */
  stored: StoredAnswer | undefined;
}

export async function askWhole(parts: AskParts, request: AskRequest): Promise<WholeReply> {
  const { call, expected, signal } = request;
  const { target, value } = await askTargets(parts, request, async (one) => {
    const { target, attempt, settle, note } = one;
    const { client } = target.provider;
    const body = toUpstreamBody(call, target, false);
    const options = toCallOptions(call, target, request.policy, one);
    const startedAt = parts.clock.monotonic();
    const reply = client.completeBytes
      ? await client.completeBytes(body, signal, options)
      : { completion: await client.complete(body.fields, signal, options), bytes: undefined };
    attempt.ok({ totalMs: parts.clock.monotonic() - startedAt });
    note("ok");
    const usage = parseUsage(reply.completion["usage"]) ?? {
      ...expected,
      outputTokens: estimateTokens(JSON.stringify(reply.completion["choices"])),
      estimated: true,
    };
    return { ...settle(usage), ...reply, usage };
  });
  const stored = toStoredAnswer(value.completion, value.usage, target.candidate);
  return { ...value, target, stored, ...readCompletionText(value.completion) };
}
