import type { Clock } from "@sophia/core/limits/clock";
import type { Metrics } from "@sophia/core/observe/metrics";
import type { Logger } from "pino";
import type { Annotation } from "./annotations.ts";

export interface AnnotationQueueOptions {
  /** Hands over a batch; what throws is tried again. */
  send(batch: readonly Annotation[], signal: AbortSignal): Promise<void>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Default 500. */
  maxWaiting?: number;
}

export interface AnnotationQueue {
  /** Never waits and never throws: beyond the bound opinions are dropped and counted. */
  add(said: Annotation): void;
  /** Gives what is left one try, three seconds in all. */
  close(): Promise<void>;
}

const maxBatch = 100;
const gatherMs = 2_000;
/** A span said a moment ago may not be found yet: the receiver needs a while until it can be annotated. */
const retryMs = 30_000;
const maxTries = 4;
const lastWordsMs = 3_000;

/** Opinions on their way to Arize or Phoenix: gathered, in the background, a few times, within a bound. */
export function createAnnotationQueue(options: AnnotationQueueOptions): AnnotationQueue {
  const { clock, log, metrics, maxWaiting = 500 } = options;
  const sent = metrics.counter("sophia_ai_annotations_total", "Opinions for Arize or Phoenix, by outcome.", [
    "outcome",
  ]);
  const closing = new AbortController();
  const ending = new AbortController();
  let waiting: { said: Annotation; tries: number }[] = [];
  let sending: Promise<void> | undefined;
  let isClosed = false;

  async function sendBatch(): Promise<boolean> {
    const batch = waiting.splice(0, maxBatch);
    try {
      await options.send(
        batch.map(({ said }) => said),
        AbortSignal.any([AbortSignal.timeout(20_000), ending.signal]),
      );
      sent.increment({ outcome: "sent" }, batch.length);
      return true;
    } catch (error) {
      const again = isClosed ? [] : batch.filter(({ tries }) => tries + 1 < maxTries);
      waiting = [...again.map(({ said, tries }) => ({ said, tries: tries + 1 })), ...waiting];
      const dropped = batch.length - again.length;
      if (dropped > 0) sent.increment({ outcome: "dropped" }, dropped);
      log.warn({ err: error, again: again.length, dropped }, "opinions were not taken");
      return false;
    }
  }

  async function sendAll(): Promise<void> {
    let pauseMs = gatherMs;
    while (waiting.length > 0) {
      await clock.sleep(pauseMs, closing.signal).catch(() => {});
      pauseMs = (await sendBatch()) ? 0 : retryMs;
    }
    sending = undefined;
  }

  return {
    add(said) {
      if (isClosed || waiting.length >= maxWaiting) return sent.increment({ outcome: "dropped" });
      waiting.push({ said, tries: 0 });
      sending ??= sendAll();
    },
    async close() {
      isClosed = true;
      closing.abort();
      const late = new AbortController();
      const end = clock.sleep(lastWordsMs, late.signal).then(() => {
        ending.abort();
        sent.increment({ outcome: "dropped" }, waiting.splice(0).length);
      });
      await Promise.race([sending, end.catch(() => {})]);
      late.abort();
    },
  };
}
