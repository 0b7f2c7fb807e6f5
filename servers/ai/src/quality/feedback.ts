import type { Caller } from "@sophia/core/approval/caller";
import type { Clock } from "@sophia/core/limits/clock";
import type { Traces } from "../traces/traces.ts";

/** What others learn from an opinion of an answer. */
export interface Lessons {
  /**
   * For the choice of models: how good the answer to that request was, and how far that is to be believed. False: it
   * was too long ago, or a simulator's.
   */
  learnOutcome?(lesson: { requestId: string; score: number; trust: number }): Promise<boolean>;
  /** For the semantic cache: whether the served entry fitted. False: it is gone. */
  judgeEntry?(entryId: string, verdict: { score: number; correct: boolean }): Promise<boolean>;
  /** For the caches: a bad answer that was kept, or was given word for word. False: nothing is known of it. */
  forgetAnswer?(requestId: string): Promise<boolean>;
  /** For the gateway that routed the call. False: it takes no opinions. */
  tellProvider?(opinion: { requestId: string; service: string; score: number }): Promise<boolean>;
}

export interface FeedbackGiven {
  requestId: string;
  /** 0 to 1, higher is better. */
  score?: number;
  comment?: string;
  correction?: string;
}

export interface FeedbackTaken {
  /** Score as it counts; undefined where only words were given. */
  score: number | undefined;
  taught: ("traces" | "routing" | "cache" | "provider")[];
}

export interface Feedback {
  /** Throws AppError `not_found` when the request has left no trace, or was another caller's. */
  give(given: FeedbackGiven, caller: Caller): Promise<FeedbackTaken>;
}

/** Above this an answer was good enough to be given again. */
export const goodScore = 0.5;
/** A person's word on one answer counts nearly as much as a judge's. */
const personTrust = 0.9;

export function createFeedback(options: { traces: Traces; clock: Clock; lessons: Lessons }): Feedback {
  const { traces, clock, lessons } = options;
  return {
    async give({ requestId, comment, correction, ...given }, caller) {
      const { record } = await traces.read(requestId, caller);
      // Whoever writes down what it should have been says that it was wrong.
      const score = given.score ?? (correction === undefined ? undefined : 0);
      await traces.annotate({
        requestId,
        at: clock.now(),
        name: "feedback",
        kind: "human",
        author: caller.id,
        ...(score !== undefined && { score, label: score > goodScore ? "good" : "bad" }),
        ...(comment !== undefined && { explanation: comment }),
        ...(correction !== undefined && { correction }),
      });
      const taught: FeedbackTaken["taught"] = ["traces"];
      if (score === undefined) return { score, taught };
      const { cachedAnswer } = record;
      if (cachedAnswer && lessons.judgeEntry) {
        const verdict = { score: cachedAnswer.similarity, correct: score > goodScore };
        if (await lessons.judgeEntry(cachedAnswer.entryId, verdict)) taught.push("cache");
      } else if (record.outcome === "ok" && lessons.learnOutcome) {
        if (await lessons.learnOutcome({ requestId, score, trust: personTrust })) taught.push("routing");
      }
      const isKept = !cachedAnswer && score <= goodScore;
      if (isKept && (await lessons.forgetAnswer?.(requestId))) taught.push("cache");
      const asked = record.cache === "miss" || record.cache === "bypass";
      if (asked && (await lessons.tellProvider?.({ requestId, service: record.service, score })))
        taught.push("provider");
      return { score, taught };
    },
  };
}
