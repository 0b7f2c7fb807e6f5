import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { AppError } from "../errors/app-error.ts";
import type { EmbedOptions } from "./embedder.ts";

/** A sentence-embedding model as Hugging Face lays it out, exported to ONNX. */
export interface ModelFolder {
  directory: string;
  modelFile: string;
  /** `folder:<name>-<hash of its files>-<dimension>`. */
  modelId: string;
  dimension: number;
  /** How vectors of pieces become one of the text. */
  pooling: "mean" | "first" | "last";
  maxPieces: number;
  paddingId: number;
  prefixes: Record<EmbedOptions["purpose"], string>;
}

/** The first that is there. Full precision before quantised: the folder's owner chose by what was put there. */
const modelFiles = ["model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx"];

const Config = z.looseObject({
  hidden_size: z.int().min(1).optional(),
  max_position_embeddings: z.int().min(1).optional(),
  pad_token_id: z.int().min(0).nullish(),
});
const Pooling = z.looseObject({
  word_embedding_dimension: z.int().min(1).optional(),
  pooling_mode_cls_token: z.boolean().optional(),
  pooling_mode_lasttoken: z.boolean().optional(),
});
const Sentences = z.looseObject({ max_seq_length: z.int().min(1).nullish() });
const Prompts = z.looseObject({ prompts: z.record(z.string(), z.string()).optional() });

/**
 * Reads what describes the model; loads nothing. Throws `not_configured` when the folder is not such a model.
 * https://huggingface.co/docs/transformers.js/custom_usage · https://sbert.net/docs/package_reference/sentence_transformer
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const directory = resolve(path);
  const modelFile = await findModelFile(directory);
  const config = await readSettings(directory, "config.json", Config);
  const pooling = await readSettings(directory, "1_Pooling/config.json", Pooling);
  const sentences = await readSettings(directory, "sentence_bert_config.json", Sentences);
  const { prompts = {} } = await readSettings(directory, "config_sentence_transformers.json", Prompts);
  const dimension = pooling.word_embedding_dimension ?? config.hidden_size;
  if (dimension === undefined) throw notAModel("neither config.json nor 1_Pooling/config.json says its dimension");
  const settings = {
    dimension,
    pooling: pooling.pooling_mode_cls_token
      ? ("first" as const)
      : pooling.pooling_mode_lasttoken
        ? ("last" as const)
        : ("mean" as const),
    maxPieces: Math.min(sentences.max_seq_length ?? 512, config.max_position_embeddings ?? 512),
    paddingId: config.pad_token_id ?? 0,
    prefixes: { query: prompts["query"] ?? "", document: prompts["document"] ?? prompts["passage"] ?? "" },
  };
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const file of [join(directory, "tokenizer.json"), modelFile]) {
    await pipeline(createReadStream(file), hash, { end: false }).catch((error: unknown) => {
      throw notAModel(`${basename(file)} cannot be read`, error);
    });
  }
  const modelId = `folder:${basename(directory)}-${hash.digest("hex").slice(0, 12)}-${dimension}`;
  return { directory, modelFile, modelId, ...settings };
}

async function findModelFile(directory: string): Promise<string> {
  for (const name of modelFiles) {
    const file = join(directory, name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  throw notAModel(`it holds none of ${modelFiles.join(", ")}`);
}

/** A file that is not there says nothing; one that is there must make sense. */
async function readSettings<Settings extends object>(
  directory: string,
  name: string,
  schema: z.ZodType<Settings>,
): Promise<Partial<Settings>> {
  const text = await readFile(join(directory, name), "utf8").catch(() => undefined);
  if (text === undefined) return {};
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw notAModel(`its ${name} cannot be understood`, error);
  }
}

function notAModel(what: string, cause?: unknown): AppError {
  return new AppError("not_configured", `The folder of the embedding model cannot be used: ${what}.`, {
    hint: "SOPHIA_EMBED_MODEL_FOLDER needs tokenizer.json, config.json and model.onnx of one sentence-embedding model.",
    cause,
  });
}
