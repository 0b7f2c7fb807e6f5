import { createCachedEmbedder } from "@sophia/core/embed/cached-embedder";
import type { Embedder, EmbedderStatus, EmbeddingResult, EmbedMeter, EmbedOptions } from "@sophia/core/embed/embedder";
import { createRemoteEmbedder } from "@sophia/core/embed/remote-embedder";
import { estimateTokens, type Usage } from "@sophia/vendors/openai-shape/usage";
import type { Logger } from "pino";
import { toEmbeddingPort } from "./embedders.ts";
import type { PlainCall } from "./plain-call.ts";
import type { Target } from "./targets.ts";

/** A provider's model that embeds for this server (SOPHIA_EMBED_MODEL): each call is checked and booked by who makes it. */
export interface PaidEmbedding {
  model: string;
  /** What `bookPlainCall` needs to ask it: the texts go to the target that was checked, and to no other. */
  toCall(
    texts: readonly string[],
    options: Pick<EmbedOptions, "purpose">,
  ): Pick<
    PlainCall<EmbeddingResult>,
    "model" | "operation" | "inputTokens" | "demands" | "ask" | "usageOfFailed" | "isRemembered"
  >;
  /** Of whoever answered last. */
  status(): EmbedderStatus;
  close(): Promise<void>;
}

export function createPaidEmbedding({ model, log }: { model: string; log: Logger }): PaidEmbedding {
  /** By place: the same model may be had at several, and a key's policy allows some of them. */
  const opened = new Map<string, PlacedEmbedder>();
  let last: Embedder | undefined;

  function openAt(target: Target): Embedder {
    const known = opened.get(target.candidate.id) ?? createPlaced(target, { model, log });
    opened.set(target.candidate.id, known);
    // Its price may have changed.
    known.target = target;
    return known.embedder;
  }

  return {
    model,
    toCall(texts, { purpose }) {
      const inputTokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
      const count = createCount(texts, inputTokens);
      return {
        model,
        operation: "embeddings",
        inputTokens,
        // Texts of several callers leave in one request, which can make no demands.
        demands: false,
        async ask(target, signal) {
          last = openAt(target);
          const value = await last.embed(texts, { purpose, signal, meter: count.meter });
          const { service, mode } = target.candidate;
          return { value: { ...value, place: { service, mode } }, usage: count.usage() };
        },
        usageOfFailed: (target) => count.usageOfFailed(target),
        isRemembered: () => !count.wasSent(),
      };
    },
    status() {
      const idle = { modelId: `provider:${model}`, dimension: 0, state: "idle", service: "provider", mode: "live" };
      return last?.status() ?? (idle as EmbedderStatus);
    },
    async close() {
      await Promise.all([...opened.values()].map(({ embedder }) => embedder.close()));
    },
  };
}

interface PlacedEmbedder {
  target: Target;
  embedder: Embedder;
}

function createPlaced(target: Target, { model, log }: { model: string; log: Logger }): PlacedEmbedder {
  const { service, mode } = target.candidate;
  const remote = createRemoteEmbedder({
    port: {
      async embed(texts, signal, onCost) {
        const { provider, price } = placed.target;
        const costOf = (usage: Usage) => (price.origin === "unknown" ? undefined : price.costOf(usage));
        const answer = await toEmbeddingPort(provider.client, model, costOf).embed(texts, signal, onCost);
        return { ...answer, place: { service, mode } };
      },
    },
    // The same model elsewhere gives the same vectors.
    service: "provider",
    mode,
    model,
    log,
  });
  const placed = { target, embedder: createCachedEmbedder(remote) };
  return placed;
}

/** What became of one call's texts: remembered ones are free, others are paid as the provider answers. */
function createCount(texts: readonly string[], inputTokens: number) {
  const all = texts.reduce((sum, text) => sum + text.length, 0);
  let [sent, answered, failed, costUsd] = [0, 0, 0, 0];
  let isPriced = true;
  const meter: EmbedMeter = {
    sent: (characters) => void (sent += characters),
    answered(characters, share) {
      answered += characters;
      costUsd += share ?? 0;
      isPriced &&= share !== undefined;
    },
    failed: (characters) => void (failed += characters),
  };
  // Texts of several callers leave together: how many tokens were whose is counted by us.
  const toTokens = (characters: number) => (all === 0 ? 0 : Math.round((inputTokens * characters) / all));
  const toUsage = (tokens: number, stated: number): Usage => ({
    inputTokens: tokens,
    outputTokens: 0,
    cachedInputTokens: 0,
    estimated: true,
    ...(isPriced && { statedCostUsd: stated }),
  });
  return {
    meter,
    wasSent: () => sent > 0,
    usage: () => toUsage(toTokens(answered), costUsd),
    usageOfFailed({ price }: Target): Usage | undefined {
      // What is still on its way when its caller leaves, or another part fails, will be read and billed.
      const underway = toTokens(sent - answered - failed);
      if (answered === 0 && underway === 0) return undefined;
      const expectedUsd = price.costOf({ inputTokens: underway, outputTokens: 0, cachedInputTokens: 0 });
      return toUsage(toTokens(answered) + underway, costUsd + expectedUsd);
    },
  };
}
