import { hashCanonical } from "@sophia/core/approval/canonical-hash";
import { readFreshness } from "./cache-freshness.ts";
import type { TemplateBook } from "./cache-templates.ts";
import { buildCacheKey, type ChatRequest } from "./chat-request.ts";

/** Where in the semantic cache a request belongs. */
export interface SemanticKey {
  kind: "key";
  /** Equal for requests whose answers may serve each other, the last question apart, among vectors of one model. */
  partition: string;
  category: string;
  /** The last user turn without its template. */
  text: string;
  /** Answers to it age soon. */
  shortLived: boolean;
}

export interface NoSemanticKey {
  kind: "none";
  reason:
    | "unrepeatable"
    | "not_a_question"
    | "not_text"
    | "too_long"
    | "asks_for_now"
    | "very_random"
    | "tool_demanded";
}

export interface SemanticKeyOptions {
  /** Who may see the answers. */
  scope: string;
  modelClass: string;
  /** Given by the caller; else by system prompt and template. */
  category?: string | undefined;
  templates: TemplateBook;
}

/** The embedding model reads about this much; what stands behind it would not count. */
const longestText = 800;
/** Above it two answers to the very same request differ on purpose. */
const highestTemperature = 1;
/** Members that say how the answer is delivered, and those that have a place of their own in the key. */
const apart = new Set(
  "stream stream_options user metadata safety_identifier prompt_cache_key service_tier messages model temperature".split(
    " ",
  ),
);

/** A pure function of request, options and what the template book has learned. */
export function buildSemanticKey(request: ChatRequest, options: SemanticKeyOptions): SemanticKey | NoSemanticKey {
  const none = (reason: NoSemanticKey["reason"]): NoSemanticKey => ({ kind: "none", reason });
  if (buildCacheKey(request, "") === undefined) return none("unrepeatable");
  const temperature = request["temperature"];
  if (typeof temperature === "number" && temperature > highestTemperature) return none("very_random");
  if (demandsTool(request["tool_choice"])) return none("tool_demanded");
  const last = request.messages.at(-1);
  if (last?.role !== "user") return none("not_a_question");
  const said = readText(last["content"]);
  if (said === undefined) return none("not_text");
  const earlier = request.messages.slice(0, -1);
  const instructions = earlier.filter(({ role }) => role === "system" || role === "developer");
  const members = Object.fromEntries(Object.entries(request).filter(([name]) => !apart.has(name)));
  const frame = hashCanonical([options.scope, instructions]);
  const { text, template } = options.templates.split(frame, said);
  if (text.length > longestText) return none("too_long");
  const freshness = readFreshness(text);
  if (freshness === "now") return none("asks_for_now");
  const partition = hashCanonical([
    "semantic/2",
    options.scope,
    options.modelClass,
    toTemperatureClass(temperature),
    earlier,
    template,
    members,
    // A name beside the role tells the model who speaks.
    { ...last, content: null },
  ]);
  const own =
    instructions.length === 0 && template === "" ? "general" : hashCanonical([instructions, template]).slice(0, 16);
  return { kind: "key", partition, category: options.category ?? own, text, shortLived: freshness === "soon" };
}

/** Answers at 0 are one, those at the usual setting are one of many. */
function toTemperatureClass(temperature: unknown): string {
  if (typeof temperature !== "number") return "unset";
  return temperature <= 0.3 ? "low" : "usual";
}

function demandsTool(choice: unknown): boolean {
  return choice === "required" || (typeof choice === "object" && choice !== null);
}

/** The text of a turn that is nothing but text. */
function readText(content: unknown): string | undefined {
  if (typeof content === "string") return content.trim() === "" ? undefined : content;
  if (!Array.isArray(content) || content.length === 0) return undefined;
  const parts: string[] = [];
  for (const part of content as unknown[]) {
    const known = part as { type?: unknown; text?: unknown } | null;
    if (known?.type !== "text" || typeof known.text !== "string") return undefined;
    parts.push(known.text);
  }
  return parts.join("\n");
}
