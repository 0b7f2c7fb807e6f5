import type { ExactCache } from "@sophia/core/cache/exact-cache";
import { createSingleFlight } from "@sophia/core/cache/single-flight";
import type { Ledger } from "@sophia/core/ledger/ledger";
import type { Caller } from "@sophia/core/approval/caller";
import type { Logger } from "pino";
import { StoredAnswer, toCompletion, toEvents } from "./answer.ts";
import { buildCacheKey, type ChatRequest } from "./chat-request.ts";
import type { Models, Target } from "./models.ts";
import { SharedStream, type StreamReader } from "./shared-stream.ts";
import { askStream, askWhole, type Outcome } from "./upstream-call.ts";
import type { Usage } from "@sophia/vendors/openai-shape/usage";

export interface ChatCall {
  request: ChatRequest;
  caller: Caller;
  requestId: string;
  signal: AbortSignal;
  /** `bypass`: neither read from the cache nor write to it. */
  cache: "use" | "bypass";
}

/** `shared`: another caller's equal request was on its way, and both got its answer. */
export type CacheState = "hit" | "miss" | "shared" | "bypass";

export interface AnswerFacts {
  service: string;
  mode: "live" | "local" | "simulated";
  model: string;
  cache: CacheState;
}

export interface WholeAnswer extends AnswerFacts {
  /** The completion in the provider's own words and members. */
  completion: Record<string, unknown>;
  usage: Usage;
  costUsd: number;
  priceKnown: boolean;
}

export interface StreamAnswer extends AnswerFacts {
  reader: StreamReader;
  /** Known once the stream has ended, and only to the caller it is charged to. */
  cost(): { costUsd: number; priceKnown: boolean } | undefined;
}

interface SharedReply {
  hit: boolean;
  completion: Record<string, unknown>;
  outcome: Outcome;
}

interface OpenStream {
  hit: boolean;
  stream: SharedStream;
  outcome(): Outcome | undefined;
  /** Resolves when the stream has ended and its answer is in the cache. */
  written: Promise<void>;
}

export interface CompletionsOptions {
  models: Models;
  cache: ExactCache;
  ledger: Ledger;
  log: Logger;
  onAnswer?(facts: AnswerFacts): void;
}

/** Chat: model → cache → one call for all who ask the same → ledger. */
export class Completions {
  readonly #options: CompletionsOptions;
  readonly #whole = createSingleFlight<SharedReply>();
  readonly #streams = createSingleFlight<OpenStream>();
  readonly #writes = new Set<Promise<void>>();

  constructor(options: CompletionsOptions) {
    this.#options = options;
  }

  async complete(call: ChatCall): Promise<WholeAnswer> {
    const target = await this.#options.models.resolve(call.request.model);
    const key = cacheKeyOf(call, target);
    const partition = call.caller.id;
    const ask = async (signal: AbortSignal): Promise<SharedReply> => {
      const hit = key === undefined ? undefined : await this.#find(partition, key);
      if (hit) return { hit: true, completion: toCompletion(hit), outcome: hitOutcome(hit) };
      const { completion, ...outcome } = await askWhole({ ...call, target }, signal, this.#options);
      return { hit: false, completion, outcome };
    };
    const { value, shared } =
      key === undefined
        ? { value: await ask(call.signal), shared: false }
        : await this.#whole.run(`${partition} ${key}`, call.signal, ask, (reply) => this.#store(partition, key, reply));
    const facts = this.#report(target, toCacheState(key, value.hit, shared));
    const cost = shared ? { costUsd: 0, priceKnown: true } : value.outcome;
    const { usage } = value.outcome;
    return { ...facts, completion: value.completion, usage, costUsd: cost.costUsd, priceKnown: cost.priceKnown };
  }

  /** Resolves with the first event at hand, so that a failure before it is an error and not half an answer. */
  async stream(call: ChatCall): Promise<StreamAnswer> {
    const target = await this.#options.models.resolve(call.request.model);
    const key = cacheKeyOf(call, target);
    const includeUsage = call.request.stream_options?.include_usage === true;
    const open = (signal: AbortSignal) => this.#open({ ...call, target }, signal, { key, includeUsage });
    const flightKey = `${call.caller.id} ${key} ${includeUsage}`;
    // A stream that the others have just given up cannot be joined; the next try finds it gone.
    for (let attempt = 1; ; attempt += 1) {
      const alone = key === undefined || attempt > 3;
      const { value, shared } = alone
        ? { value: await open(call.signal), shared: false }
        : await this.#streams.run(flightKey, call.signal, open, ({ written }) => written);
      const reader = value.stream.join(call.signal);
      if (!reader) continue;
      const facts = this.#report(target, toCacheState(key, value.hit, shared));
      const cost = () => (shared ? { costUsd: 0, priceKnown: true } : value.outcome());
      return { ...facts, reader, cost };
    }
  }

  /** Waits for answers that are still being written to the cache. */
  async close(): Promise<void> {
    await Promise.all(this.#writes);
  }

  async #open(
    call: ChatCall & { target: Target },
    signal: AbortSignal,
    { key, includeUsage }: { key: string | undefined; includeUsage: boolean },
  ): Promise<OpenStream> {
    const partition = call.caller.id;
    const hit = key === undefined ? undefined : await this.#find(partition, key);
    if (hit) {
      const replayed = replay(hit, includeUsage);
      return { hit: true, stream: replayed, outcome: () => hitOutcome(hit), written: replayed.finished };
    }
    const controller = new AbortController();
    const cancel = () => controller.abort(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    let outcome: Outcome | undefined;
    const onEnd = (ended: Outcome) => {
      outcome = ended;
    };
    const source = askStream(call, controller.signal, { ...this.#options, includeUsage, onEnd });
    const first = await source.next();
    // From here on the readers decide: the one who opened it may leave while others go on.
    signal.removeEventListener("abort", cancel);
    if (signal.aborted) {
      await source.return();
      throw signal.reason;
    }
    const stream = new SharedStream({
      source,
      first: first.done ? [] : [first.value],
      abandon: () => controller.abort(new DOMException("Nobody reads any more.", "AbortError")),
    });
    const written = stream.finished.then(async () => {
      if (key !== undefined && outcome) await this.#store(partition, key, { hit: false, outcome });
    });
    return { hit: false, stream, outcome: () => outcome, written };
  }

  async #find(partition: string, key: string): Promise<StoredAnswer | undefined> {
    try {
      const found = await this.#options.cache.get(partition, key);
      return found && StoredAnswer.safeParse(JSON.parse(found.value)).data;
    } catch (error) {
      this.#options.log.warn({ err: error }, "cache not readable: asking the model");
      return undefined;
    }
  }

  async #store(partition: string, key: string, { hit, outcome }: Omit<SharedReply, "completion">): Promise<void> {
    if (hit || !outcome.stored) return;
    const write = this.#options.cache.put(partition, key, JSON.stringify(outcome.stored));
    this.#writes.add(write);
    await write.finally(() => this.#writes.delete(write));
  }

  #report({ provider: { endpoint }, model }: Target, cache: CacheState): AnswerFacts {
    const facts = { service: endpoint.service, mode: endpoint.mode, model, cache };
    this.#options.onAnswer?.(facts);
    return facts;
  }
}

function cacheKeyOf(call: ChatCall, target: Target): string | undefined {
  if (call.cache === "bypass") return undefined;
  const { endpoint } = target.provider;
  // The simulator listens on another port each time.
  const place = endpoint.mode === "simulated" ? endpoint.service : endpoint.baseUrl;
  return buildCacheKey(call.request, { place, model: target.model });
}

function toCacheState(key: string | undefined, hit: boolean, shared: boolean): CacheState {
  if (key === undefined) return "bypass";
  if (hit) return "hit";
  return shared ? "shared" : "miss";
}

function hitOutcome({ inputTokens, outputTokens }: StoredAnswer): Outcome {
  const usage = { inputTokens, outputTokens, cachedInputTokens: 0, estimated: false };
  return { usage, costUsd: 0, priceKnown: true, stored: undefined };
}

function replay(answer: StoredAnswer, includeUsage: boolean): SharedStream {
  async function* events(): AsyncGenerator<string, void, undefined> {
    yield* toEvents(answer, { includeUsage });
  }
  return new SharedStream({ source: events(), first: [], abandon: () => {} });
}
