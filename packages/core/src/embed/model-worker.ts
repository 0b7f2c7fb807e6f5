import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import { type ServedModel, serveModel } from "./serve-model.ts";
import { createTokenizer, type Vocabulary } from "./sentence-pieces.ts";
import { createUseLiteEncoder, maxPieces } from "./use-lite-encoder.ts";

async function loadModel(directory: string): Promise<ServedModel> {
  const vocabulary: Vocabulary = JSON.parse(await readFile(join(directory, "vocab.json"), "utf8"));
  const tokenize = createTokenizer(vocabulary);
  const encoder = createUseLiteEncoder(directory);
  return {
    dimension: encoder.dimension,
    encode(texts) {
      const pieces = texts.map((text) => tokenize(text).slice(0, maxPieces));
      return encoder.encode(pieces);
    },
  };
}

const { directory }: { directory: string } = workerData;
await serveModel(() => loadModel(directory));
