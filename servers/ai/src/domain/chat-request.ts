import { hash } from "node:crypto";
import { z } from "zod";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";

/** What we must understand of a chat request; everything else is the provider's business and passes unchanged. */
export const ChatRequest = z.looseObject({
  model: z.string().min(1).max(200).optional().describe("Model id; left out or `auto`: the default model."),
  messages: z
    .array(z.looseObject({ role: z.string().max(40) }))
    .min(1)
    .max(4_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  n: z.number().int().min(1).max(128).nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

/** Members that change how an answer is delivered or counted, not what it says. */
const deliveryMembers = new Set([
  "stream",
  "stream_options",
  "user",
  "metadata",
  "safety_identifier",
  "prompt_cache_key",
  "service_tier",
]);

/** With any of these the answer depends on more than the request, or is more than its text. */
const unrepeatableMembers = ["web_search_options", "plugins", "audio", "logprobs", "top_logprobs", "store"];

/**
 * Equal for requests that mean the same, whatever the order of their members; `undefined` when a repeat would be wrong.
 * `wish` is what was demanded beside the request: data policy, quality.
 */
export function buildCacheKey(request: ChatRequest, wish: string): string | undefined {
  if ((request.n ?? 1) > 1 || request.model?.endsWith(":online")) return undefined;
  if (unrepeatableMembers.some((name) => isMeaningful(request[name]))) return undefined;
  let canonical = "";
  for (const name of sortFew(Object.keys(request))) {
    const value = request[name];
    if (value === undefined || deliveryMembers.has(name)) continue;
    canonical += `${JSON.stringify(name)}:${toCanonicalJson(value)},`;
  }
  return hash("sha256", `chat/2 ${wish} ${request.model ?? "auto"} ${canonical}`);
}

/** In place. Members are few and mostly in order: a general sort takes longer to begin than this to end. */
function sortFew(names: string[]): string[] {
  if (names.length > 32) return names.toSorted();
  for (let index = 1; index < names.length; index += 1) {
    const name = names[index] as string;
    let place = index;
    for (; place > 0 && (names[place - 1] as string) > name; place -= 1) names[place] = names[place - 1] as string;
    names[place] = name;
  }
  return names;
}

function isMeaningful(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0;
}

function toCanonicalJson(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) text += `${text === "" ? "" : ","}${toCanonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const name of sortFew(Object.keys(value))) {
    const member = (value as Record<string, unknown>)[name];
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${toCanonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Without a limit in the request this much is set aside for the answer. */
const assumedOutputTokens = 1_024;

/** What the call may use, before it is made. */
export function estimateUsage(request: ChatRequest) {
  const said = JSON.stringify([request.messages, request["tools"] ?? null]);
  const perChoice = request.max_completion_tokens ?? request.max_tokens ?? assumedOutputTokens;
  return { inputTokens: estimateTokens(said), outputTokens: perChoice * (request.n ?? 1), cachedInputTokens: 0 };
}
