import type { Clock } from "@sophia/core/limits/clock";
import type { FamilyScore, PastRequest } from "@sophia/core/routing/outcome";
import type { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import type { JudgedOutcome, OutcomeStore } from "@sophia/core/routing/outcome-store";
import type { Router } from "@sophia/core/routing/router";
import type { UsableShares } from "@sophia/core/routing/usable-shares";
import type { Logger } from "pino";
import type { CallSink } from "../domain/call-record.ts";
import { toFamily } from "../domain/model-family.ts";
import { toConversationKey } from "./conversation-key.ts";
import { isUsable } from "./is-usable.ts";
import { createRecentCalls, type RecentCall } from "./recent-calls.ts";

/** A judgement of the answer to one request. */
export interface OutcomeLesson {
  requestId: string;
  /** 0 to 1. */
  score: number;
  /** How far it is believed, above 0 to 1. */
  trust: number;
}

/** Judgements of several models' answers to one prompt. */
export interface ComparisonLesson {
  id: string;
  category: string;
  vector?: Float32Array | undefined;
  embeddingModelId?: string | undefined;
  scores: readonly { model: string; score: number }[];
}

/**
 * Where the router's outcomes come from. Judged: feedback, evaluations, comparisons; a call that is made again past the
 * cache counts as a mild complaint. Of every call besides: whether its answer could be used at all, and which provider
 * has the conversation in its prompt cache now.
 */
export interface RouteLearner {
  readonly sink: CallSink;
  /** False: nothing was learned, for the request is too long ago to be known, or was a simulator's. */
  learnOutcome(lesson: OutcomeLesson): Promise<boolean>;
  learnComparison(lesson: ComparisonLesson): Promise<void>;
  close(): Promise<void>;
}

export interface RouteLearnerOptions {
  store: OutcomeStore;
  memory: Pick<OutcomeMemory, "put">;
  usable: UsableShares;
  router: Pick<Router, "answered">;
  clock: Clock;
  log: Logger;
}

const refreshMs = 60_000;
/** Whoever asks the same again so soon did not like the answer, or wanted another one; which, we do not know. */
const regeneratedWithinMs = 10 * 60_000;
const regenerated = { score: 0.3, trust: 0.3 };

/** Reads what is stored, at once and each minute: other processes learn too. */
export function createRouteLearner(options: RouteLearnerOptions): RouteLearner {
  const { store, memory, usable, router, clock, log } = options;
  const recent = createRecentCalls();
  const stop = new AbortController();
  const following = followStore(options, stop.signal);

  async function save(outcome: JudgedOutcome): Promise<void> {
    const past: PastRequest = await store.save(outcome);
    memory.put(past);
  }

  function saveFor(call: RecentCall, verdict: Omit<FamilyScore, "family">, source: JudgedOutcome["source"]) {
    const { requestId: id, at, category, family, vector, embeddingModelId } = call;
    return save({ id, at, category, vector, embeddingModelId, score: { family, ...verdict }, source });
  }

  return {
    sink(record, content) {
      const verdict = isUsable(record, content);
      // A simulator goes by the names of true models and says nothing about them.
      if (verdict === undefined || record.model === "" || record.mode === "simulated") return;
      const isFromModel = record.cache === "miss" || record.cache === "bypass";
      if (isFromModel) {
        usable.note(toFamily(record.model), verdict, clock.now());
        const { service, model, inputTokens } = record;
        // A named model is obeyed wherever its conversation is cached: only the router's own choices need to know.
        const key = record.requestedModel === "auto" && toConversationKey(record.caller, content.messages);
        if (key) router.answered(key, { service, model, inputTokens, now: clock.now() });
      }
      if (record.origin === "internal") return;
      const before = record.cache === "bypass" ? recent.findSame(record, content, regeneratedWithinMs) : undefined;
      if (before) {
        saveFor(before, regenerated, "regenerated").catch((error: unknown) => {
          log.warn({ err: error }, "outcome for routing not saved");
        });
      }
      if (isFromModel) recent.add(record, content);
    },
    async learnOutcome({ requestId, score, trust }) {
      const call = recent.get(requestId);
      if (!call) return false;
      await saveFor(call, { score, trust }, trust >= 1 ? "judge" : "feedback");
      return true;
    },
    async learnComparison({ scores, id, ...about }) {
      for (const { model, score } of scores) {
        const verdict = { family: toFamily(model), score, trust: 1 };
        await save({ ...about, id, at: clock.now(), score: verdict, source: "comparison" });
      }
    },
    async close() {
      stop.abort();
      await following;
    },
  };
}

async function followStore({ store, memory, clock, log }: RouteLearnerOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.readChanges((past) => memory.put(past));
      await store.prune();
    } catch (error) {
      log.warn({ err: error }, "outcomes for routing not read");
    }
    await clock.sleep(refreshMs, signal).catch(() => {});
  }
}
