import type { Embedder } from "./embedder.ts";
import { hasContent } from "./has-content.ts";
import { openModelFolder } from "./model-folder.ts";
import { createWorkerEmbedder, type WorkerEmbedder, type WorkerEmbedderLimits } from "./worker-embedder.ts";

/**
 * A sentence-embedding model from a folder, run by ONNX Runtime in a worker thread, without network. The runtime is not
 * ours to bring (140 to 290 MB): `onnxruntime-node`, or else `onnxruntime-web`, is taken from the folder's own
 * node_modules or from this installation. Throws `not_configured` when the folder is no such model; a runtime that is
 * missing shows at the first call.
 */
export async function createFolderEmbedder(path: string, limits: WorkerEmbedderLimits = {}): Promise<WorkerEmbedder> {
  const folder = await openModelFolder(path);
  const worker = createWorkerEmbedder({
    ...limits,
    workerFile: new URL("./folder-worker.ts", import.meta.url),
    workerData: folder,
    modelId: folder.modelId,
    dimension: folder.dimension,
    batch: { maxTexts: 16, maxCharacters: 2_000 },
    // No piece is longer than its text: a model reads six characters a piece on average, and never 16.
    readCharacters: folder.maxPieces * 16,
    unusableHint: "Install onnxruntime-node in the model's folder (npm install --prefix FOLDER onnxruntime-node).",
  });
  const { prefixes } = folder;
  const embed: Embedder["embed"] = async (texts, options) => {
    const prefixed = texts.map((text) => `${prefixes[options.purpose]}${text}`);
    const result = await worker.embed(prefixed, options);
    // Its marks of beginning and end alone would point somewhere.
    for (const [index, text] of texts.entries()) if (!hasContent(text)) result.vectors[index]?.fill(0);
    return result;
  };
  return { embed, load: () => worker.load(), status: () => worker.status(), close: () => worker.close() };
}
