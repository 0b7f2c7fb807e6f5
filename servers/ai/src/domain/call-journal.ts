import { hash } from "node:crypto";
import type { Clock } from "@sophia/core/limits/clock";
import { toAppError } from "@sophia/core/errors/app-error";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import type { CallAttempt, CallContent, CallRecord, CallSink } from "./call-record.ts";
import type { AnswerFacts, CacheState, ChatCall, Cost } from "./chat-call.ts";
import type { Target } from "./targets.ts";

/** How a call ended. */
export interface CallEnd {
  outcome: CallRecord["outcome"];
  target?: Target | undefined;
  usage?: Usage | undefined;
  cost?: Cost | undefined;
  answer: string;
  finishReason?: string | undefined;
  error?: unknown;
}

/** Where an answer came from when no provider was asked. */
export interface Origin {
  model: string;
  service: string;
  mode: CallRecord["mode"];
}

/** Notes what happens to one call and tells it once, when it has ended. */
export class CallJournal {
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #call: ChatCall;
  readonly #sinks: readonly CallSink[];
  readonly #wallStartedAt: number;
  readonly attempts: CallAttempt[] = [];
  cache: CacheState = "bypass";
  route: CallRecord["route"] = "named";
  propensity = 1;
  category: string;
  origin: Origin | undefined;
  cachedAnswer: CallRecord["cachedAnswer"];
  /** What the provider that answers said of its own cache. */
  providerCache: AnswerFacts["providerCache"];
  vector: Float32Array | undefined;
  embeddingModelId: string | undefined;
  /** Who made the vector by which this call was looked up or routed; `none`: nobody could. */
  embedding: string | undefined;
  /** What the tokens are compared with: see CallRecord.baselineUsd. */
  baseline: Target | undefined;
  #waitedMs = 0;
  #firstTokenMs: number | undefined;
  #told = false;

  constructor(call: ChatCall, parts: { clock: Clock; sinks: readonly CallSink[] }) {
    this.#call = call;
    this.#clock = parts.clock;
    this.#sinks = parts.sinks;
    const now = parts.clock.monotonic();
    this.startedAt = call.startedAt ?? now;
    this.#wallStartedAt = parts.clock.now() - (now - this.startedAt);
    this.category = call.category ?? categoryOf(call.request.messages);
  }

  /** Time that somebody else took: a provider, another call's answer. */
  waited(ms: number): void {
    this.#waitedMs += ms;
  }

  firstToken(): void {
    this.#firstTokenMs ??= this.#clock.monotonic() - this.startedAt;
  }

  get overheadMs(): number {
    return Math.max(0, this.#clock.monotonic() - this.startedAt - this.#waitedMs);
  }

  end(end: CallEnd): void {
    if (this.#told) return;
    this.#told = true;
    if (this.#sinks.length === 0) return;
    const record = this.#build(end);
    const content: CallContent = {
      messages: this.#call.request.messages,
      answer: end.answer,
      ...(this.vector && { vector: this.vector }),
      ...(this.embeddingModelId !== undefined && { embeddingModelId: this.embeddingModelId }),
      ...(demandsJson(this.#call.request["response_format"]) && { wantsJson: true }),
    };
    for (const sink of this.#sinks) sink(record, content);
  }

  #build({ outcome, target, usage, cost, finishReason, error }: CallEnd): CallRecord {
    const call = this.#call;
    const candidate = target?.candidate ?? this.origin;
    const baselineUsd =
      usage && this.baseline?.price.origin !== "unknown" ? this.baseline?.price.costOf(usage) : undefined;
    return {
      requestId: call.requestId,
      startedAt: this.#wallStartedAt,
      caller: call.caller.id,
      operation: "chat",
      origin: call.origin ?? "gateway",
      stream: call.request.stream === true,
      requestedModel: call.request.model ?? "auto",
      model: candidate?.model ?? "",
      service: candidate?.service ?? "",
      mode: candidate?.mode ?? "live",
      category: this.category,
      cache: this.cache,
      route: this.route,
      propensity: this.propensity,
      inputTokens: usage?.inputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      cachedInputTokens: usage?.cachedInputTokens ?? 0,
      tokensEstimated: usage?.estimated ?? false,
      costUsd: cost?.costUsd ?? 0,
      priceKnown: cost?.priceKnown ?? true,
      priceAsOf: target?.price.asOf ?? dayOf(this.#wallStartedAt),
      ...(baselineUsd !== undefined && { baselineUsd }),
      totalMs: this.#clock.monotonic() - this.startedAt,
      ...(this.#firstTokenMs !== undefined && { firstTokenMs: this.#firstTokenMs }),
      overheadMs: this.overheadMs,
      outcome,
      ...(error !== undefined && { errorKind: toAppError(error).kind }),
      ...(finishReason !== undefined && { finishReason }),
      ...(this.cachedAnswer && { cachedAnswer: this.cachedAnswer }),
      attempts: this.attempts,
    };
  }
}

const dayMs = 86_400_000;
let knownDay = { number: -1, text: "" };

/** YYYY-MM-DD, UTC. */
function dayOf(time: number): string {
  const number = Math.floor(time / dayMs);
  if (number !== knownDay.number) knownDay = { number, text: new Date(time).toISOString().slice(0, 10) };
  return knownDay.text;
}

function demandsJson(format: unknown): boolean {
  return typeof format === "object" && format !== null && "type" in format && format.type !== "text";
}

const rememberedCategories = 1_000;
const categories = new Map<string, string>();

/** Requests of one kind share their instructions. */
export function categoryOf(messages: ChatCall["request"]["messages"]): string {
  let instructions = "";
  for (const { role, content } of messages) {
    if (role !== "system" && role !== "developer") break;
    instructions += typeof content === "string" ? content : JSON.stringify(content);
  }
  const known = categories.get(instructions);
  if (known !== undefined) return known;
  if (categories.size >= rememberedCategories) categories.clear();
  const category = instructions === "" ? "general" : hash("sha256", instructions).slice(0, 16);
  categories.set(instructions, category);
  return category;
}
