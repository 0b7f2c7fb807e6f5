import type { ExactCache } from "@sophia/core/cache/exact-cache";
import type { TagEpochs } from "@sophia/core/cache/tag-epochs";
import type { Spending } from "@sophia/core/ledger/spending";
import type { Clock } from "@sophia/core/limits/clock";
import type { EndpointHealth } from "@sophia/core/routing/endpoint-health";
import type { Router } from "@sophia/core/routing/router";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import type { Logger } from "pino";
import { parseStoredAnswer, type StoredAnswer, toStoredAnswer } from "./answer.ts";
import { CallJournal } from "./call-journal.ts";
import type { CallSink } from "./call-record.ts";
import type { AnswerFacts, ChatCall, SemanticHit, WholeAnswer } from "./chat-call.ts";
import { accountOf, type CallKey, toKey } from "./call-key.ts";
import { estimateUsage } from "./chat-request.ts";
import { type Choice, chooseNamed, chooseTargets } from "./choose-targets.ts";
import type { KeyLimits } from "./key-limits.ts";
import type { KeyPolicies, KeyPolicy } from "./key-policy.ts";
import { createKeptAnswers, type KeptAnswers } from "./kept-answers.ts";
import type { Models } from "./models.ts";
import type { Demand, ModelStrength } from "../routing/model-strength.ts";
import type { PromptVectors } from "../routing/prompt-vectors.ts";
import type { SemanticAnswers, SemanticFound, SemanticTicket } from "./semantic-answers.ts";
import type { Target } from "./targets.ts";

export interface CompletionParts {
  models: Models;
  router: Router;
  health: EndpointHealth;
  cache: ExactCache;
  /** Of the tags that answers rest on. Absent: an equal request finds its answer whatever has changed. */
  tagEpochs?: TagEpochs | undefined;
  /** Absent: only equal requests are answered from cache. */
  semantic?: SemanticAnswers | undefined;
  /** For requests that are routed and were not looked up by meaning. */
  vectors?: PromptVectors | undefined;
  spending: Spending;
  policies: KeyPolicies;
  limits: KeyLimits;
  clock: Clock;
  log: Logger;
  sinks: readonly CallSink[];
  /** Where the request says none. */
  qualityFloor?: number | undefined;
  /** No real model is asked: such answers are kept apart. */
  simulated: boolean;
  /** Who tells how strong a model is held to be. Default: all alike, and answers serve the model's own requests only. */
  strength?: ModelStrength | undefined;
}

export interface Admitted {
  policy: KeyPolicy;
  expected: ReturnType<typeof estimateUsage>;
}

/** What the caches said. */
export interface Found {
  answer?:
    | { stored: StoredAnswer; usage: Usage; semantic?: SemanticHit; check?: SemanticTicket | undefined }
    | undefined;
  /** Where a fresh answer belongs in the semantic cache. */
  ticket?: SemanticTicket | undefined;
  /** Strength of a named model; for `auto` it is that of whoever answers. */
  writer?: number | undefined;
}

const nothing: Found = {};
/** Checks of served answers run one beside the other up to this; more are left out. */
const maxChecks = 4;

/** What happens to a call before and after somebody is asked. */
export class CallDesk {
  readonly #parts: CompletionParts;
  readonly #pending = new Set<Promise<unknown>>();
  readonly kept: KeptAnswers;
  #checks = 0;
  /** Asks again, for a check. Set by the owner: the two need each other. */
  askAgain: ((call: ChatCall) => Promise<WholeAnswer>) | undefined;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
    this.kept = createKeptAnswers(parts);
  }

  /** Throws AppError `denied` or `rate_limited` for what the key may not do. */
  admit(call: ChatCall): { journal: CallJournal; key: CallKey | undefined; admitted: Admitted } {
    const { policies, limits } = this.#parts;
    const policy = policies.of(call.caller.id);
    const expected = estimateUsage(call.request);
    const { model } = call.request;
    const tokens = expected.inputTokens + expected.outputTokens;
    limits.admit(call.caller.id, policy, { model: model === "auto" ? undefined : model, tokens });
    const key = toKey(call, policy, this.#parts);
    if (key) this.kept.note(call.requestId, key);
    return { journal: new CallJournal(call, this.#parts), key, admitted: { policy, expected } };
  }

  /** What others have raised since; without it an equal request could find what rests on a changed document. */
  async readTags(): Promise<void> {
    try {
      await this.#parts.tagEpochs?.refresh();
    } catch (error) {
      this.#parts.log.warn({ err: error }, "tags not readable: taken as they were");
    }
  }

  /** An equal request's answer, when it is in memory: then there is nothing to wait for and nothing to share. */
  peek(key: CallKey | undefined, journal: CallJournal): Found | undefined {
    const known = key && this.#parts.cache.peek(key.partition, key.key);
    const stored = known && parseStoredAnswer(known.value);
    return stored && toFound(stored, journal);
  }

  async find(
    call: ChatCall,
    { key, journal, signal }: { key: CallKey | undefined; journal: CallJournal; signal: AbortSignal },
  ): Promise<Found> {
    if (key === undefined) return nothing;
    const stored = await this.#findExact(key);
    if (stored) return toFound(stored, journal);
    const { semantic } = this.#parts;
    if (!semantic || call.cache !== "use") return nothing;
    const { modelClass, strength, writer } = this.#demandOf(call);
    const found = await semantic.find(
      {
        request: call.request,
        account: accountOf(call),
        scope: key.scope,
        modelClass,
        strength,
        ...(call.category !== undefined && { category: call.category }),
        ...(call.tags && { tags: call.tags }),
      },
      signal,
    );
    journal.embedding = nameEmbedding(found);
    if (found.kind === "miss") {
      noteTicket(journal, found.ticket);
      return { ticket: found.ticket, writer };
    }
    noteTicket(journal, found.check);
    const { answer, entryId, score: similarity, ageMs, otherClass, check } = found;
    const hit = { entryId, similarity, ageMs, otherClass };
    return { answer: { stored: answer, usage: usageOf(answer), semantic: hit, check }, writer };
  }

  #demandOf({ request: { model }, qualityFloor }: ChatCall): Demand {
    return this.#parts.strength?.demandOf({ model, qualityFloor }) ?? { modelClass: model ?? "auto", strength: 0 };
  }

  #strengthOf(stored: StoredAnswer, writer: number | undefined): { strength: number } {
    return { strength: writer ?? this.#parts.strength?.of(stored.model) ?? 0 };
  }

  async choose(
    call: ChatCall,
    { admitted, journal, signal }: { admitted: Admitted; journal: CallJournal; signal: AbortSignal },
  ): Promise<Choice> {
    const { model } = call.request;
    const isNamed = model !== undefined && model !== "auto";
    const choice = isNamed
      ? await chooseNamed(this.#parts.models, model, admitted.policy)
      : await this.#chooseFreely(call, { admitted, journal, signal });
    journal.route = choice.route;
    journal.propensity = choice.propensity;
    journal.baseline = choice.baseline;
    return choice;
  }

  async #chooseFreely(
    call: ChatCall,
    { admitted, journal, signal }: { admitted: Admitted; journal: CallJournal; signal: AbortSignal },
  ): Promise<Choice> {
    if (!journal.vector) {
      const embedded = await this.#parts.vectors?.of(call.request.messages, signal, accountOf(call));
      journal.vector = embedded?.vector;
      journal.embeddingModelId = embedded?.embeddingModelId;
      journal.embedding = embedded?.embeddingModelId ?? "none";
    }
    const { qualityFloor } = this.#parts;
    const wished = call.qualityFloor === undefined && qualityFloor !== undefined ? { ...call, qualityFloor } : call;
    return await chooseTargets(this.#parts, wished, {
      ...admitted,
      category: journal.category,
      vector: journal.vector,
      embeddingModelId: journal.embeddingModelId,
      now: this.#parts.clock.now(),
    });
  }

  toFacts(journal: CallJournal, { answer }: Found, target: Target | undefined): AnswerFacts {
    const from = target?.candidate ?? toOrigin(answer?.stored);
    if (answer) {
      const { semantic } = answer;
      if (semantic) journal.cachedAnswer = { entryId: semantic.entryId, similarity: semantic.similarity };
      journal.route = "cache";
      journal.origin = from;
    }
    return {
      service: from.service,
      mode: from.mode,
      model: from.model,
      cache: journal.cache,
      route: journal.route,
      overheadMs: journal.overheadMs,
      ...(journal.embedding !== undefined && { embedding: journal.embedding }),
      ...(answer?.semantic && { semantic: answer.semantic }),
      ...(journal.providerCache !== undefined && { providerCache: journal.providerCache }),
    };
  }

  /** Gives a fresh answer to the caches. An equal request finds it from now on; that it is durable comes later. */
  keep(key: CallKey, { ticket, writer }: Found, stored: StoredAnswer | undefined): void {
    if (!stored) return;
    const { cache, semantic } = this.#parts;
    if (semantic && ticket) {
      const remembered = semantic.remember(ticket, stored, this.#strengthOf(stored, writer));
      this.#follow(remembered.then((id) => void (id !== undefined && this.kept.noteEntry(key, id))));
    }
    const written = ticket ? { ...stored, category: ticket.category } : stored;
    this.#follow(cache.put(key.partition, key.key, JSON.stringify(written)));
  }

  /** A served answer that is to be checked: the model is asked after all, and the cache learns whether it was right. */
  check(call: ChatCall, { answer, writer }: Found): void {
    const { semantic, log } = this.#parts;
    const ticket = answer?.check;
    if (!semantic || !ticket || !this.askAgain || this.#checks >= maxChecks) return;
    // Several callers may share what was found; one check is enough.
    answer.check = undefined;
    this.#checks += 1;
    const signal = AbortSignal.timeout(checkTimeoutMs);
    const { startedAt: _, ...rest } = call;
    const checked = this.askAgain({ ...rest, signal, cache: "bypass", origin: "internal" }).then(async (fresh) => {
      const stored = toStoredAnswer(fresh.completion, fresh.usage, fresh);
      if (stored) await semantic.remember(ticket, stored, this.#strengthOf(stored, writer));
    });
    this.#follow(checked.catch((error: unknown) => log.debug({ err: error }, "served answer not checked")));
    void checked.then(
      () => (this.#checks -= 1),
      () => (this.#checks -= 1),
    );
  }

  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** Answers that are written together have one promise. */
  #follow(work: Promise<unknown>): void {
    if (this.#pending.has(work)) return;
    this.#pending.add(work);
    const forget = (): void => void this.#pending.delete(work);
    work.then(forget, (error: unknown) => {
      forget();
      this.#parts.log.warn({ err: error }, "answer not remembered");
    });
  }

  async #findExact({ partition, key }: CallKey): Promise<StoredAnswer | undefined> {
    try {
      const found = await this.#parts.cache.get(partition, key);
      return found && parseStoredAnswer(found.value);
    } catch (error) {
      this.#parts.log.warn({ err: error }, "cache not readable: asking the model");
      return undefined;
    }
  }
}

const checkTimeoutMs = 120_000;

function toFound(stored: StoredAnswer, journal: CallJournal): Found {
  journal.category = stored.category ?? journal.category;
  return { answer: { stored, usage: usageOf(stored) } };
}

function usageOf({ inputTokens, outputTokens }: StoredAnswer): Usage {
  return { inputTokens, outputTokens, cachedInputTokens: 0, estimated: false };
}

function toOrigin(stored: StoredAnswer | undefined): { service: string; mode: AnswerFacts["mode"]; model: string } {
  return { service: stored?.service ?? "", mode: stored?.mode ?? "live", model: stored?.model ?? "" };
}

/** `none`: there was no vector in time, or not for this key. */
function nameEmbedding(found: SemanticFound): string | undefined {
  if (found.kind === "hit") return found.modelId;
  return found.ticket?.modelId ?? (found.reason === "no_vector" ? "none" : undefined);
}

function noteTicket(journal: CallJournal, ticket: SemanticTicket | undefined): void {
  if (!ticket) return;
  journal.category = ticket.category;
  journal.vector = ticket.vector;
  journal.embeddingModelId = ticket.modelId;
}
