import type { Logger } from "pino";
import { toAppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Embedder, EmbeddingResult } from "./embedder.ts";

export interface ReembedRow {
  id: string;
  text: string;
}

/** Stored texts whose vectors belong to a model. */
export interface ReembedPort {
  /** Rows after `after` (all when undefined) that have no vector of this model, in the order of their ids. */
  findOutdated(modelId: string, options: { after: string | undefined; limit: number }): Promise<ReembedRow[]>;
  /** Stores vectors beside, not over, those of other models that still answer; rows gone meanwhile are passed over. */
  keep(rows: readonly { id: string; vector: Float32Array }[], modelId: string): Promise<void>;
}

export interface ReembedOptions {
  embedder: Embedder;
  port: ReembedPort;
  clock: Clock;
  log?: Logger;
  /** Texts of one step. Default 32. */
  batchSize?: number;
  /** Share of time spent working; the rest is left to others. Default 0.25. */
  share?: number;
  /** Steps that may fail one after the other before it gives up. Default 6: two minutes. */
  maxFailures?: number;
}

export interface ReembedOutcome {
  embedded: number;
  /** Rows whose text the model refuses. */
  skipped: number;
  /** `failed`: start it again later, it goes on where it stopped. */
  ended: "done" | "stopped" | "failed";
}

export interface Reembedding {
  /** Never rejects. */
  done: Promise<ReembedOutcome>;
  /** Ends after the step in hand. */
  stop(): Promise<ReembedOutcome>;
  progress(): { embedded: number; skipped: number };
}

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/**
 * Brings stored vectors to the embedder's present model, a few rows at a time, behind the day's work. What is done is
 * known by the stored ids alone: after a crash a new pass goes on by itself.
 */
export function startReembedding(options: ReembedOptions): Reembedding {
  const pass = new Pass(options);
  const done = pass.run();
  return {
    done,
    stop() {
      pass.stopping.abort();
      return done;
    },
    progress: () => ({ embedded: pass.embedded, skipped: pass.skipped }),
  };
}

class Pass {
  readonly #options: ReembedOptions;
  readonly stopping = new AbortController();
  embedded = 0;
  skipped = 0;
  #modelId: string;
  #after: string | undefined;

  constructor(options: ReembedOptions) {
    this.#options = options;
    this.#modelId = options.embedder.status().modelId;
  }

  async run(): Promise<ReembedOutcome> {
    const { clock, share = 0.25, maxFailures = 6, log } = this.#options;
    const { signal } = this.stopping;
    let failures = 0;
    for (;;) {
      const started = clock.monotonic();
      try {
        signal.throwIfAborted();
        if (!(await this.#step())) return this.#outcome("done");
        failures = 0;
        await clock.sleep((clock.monotonic() - started) * (1 / share - 1), signal);
      } catch (error) {
        if (signal.aborted) return this.#outcome("stopped");
        failures += 1;
        log?.warn({ error, failures }, "re-embedding failed");
        if (failures >= maxFailures) return this.#outcome("failed");
        const pauseMs = Math.min(longestPauseMs, firstPauseMs * 4 ** (failures - 1));
        await clock.sleep(pauseMs, signal).catch(() => {});
      }
    }
  }

  /** False: nothing is left. */
  async #step(): Promise<boolean> {
    const { port, batchSize = 32 } = this.#options;
    const rows = await port.findOutdated(this.#modelId, { after: this.#after, limit: batchSize });
    if (rows.length === 0) return false;
    await this.#embedRows(rows);
    return true;
  }

  async #embedRows(rows: readonly ReembedRow[]): Promise<void> {
    const { embedder, port } = this.#options;
    let result: EmbeddingResult;
    try {
      const texts = rows.map(({ text }) => text);
      result = await embedder.embed(texts, { purpose: "document", signal: this.stopping.signal });
    } catch (error) {
      const { kind } = toAppError(error);
      // A text that no try will embed; among several it is found by asking for each alone.
      if (this.stopping.signal.aborted || (kind !== "invalid_input" && kind !== "internal")) throw error;
      if (rows.length > 1) {
        for (const row of rows) await this.#embedRows([row]);
        return;
      }
      this.skipped += 1;
      this.#after = rows[0]?.id;
      return;
    }
    const fresh = rows.flatMap(({ id }, index) => {
      const vector = result.vectors[index];
      return vector ? [{ id, vector }] : [];
    });
    await port.keep(fresh, result.modelId);
    this.embedded += fresh.length;
    this.#after = rows.at(-1)?.id;
    if (result.modelId === this.#modelId) return;
    // Another model took over: rows passed before have to come again.
    this.#modelId = result.modelId;
    this.#after = undefined;
  }

  #outcome(ended: ReembedOutcome["ended"]): ReembedOutcome {
    return { embedded: this.embedded, skipped: this.skipped, ended };
  }
}
