import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "##ish", "query", "passage", ":"];
export const tinyDimension = 4;

/** One row for each piece: small numbers, so that sums are exact. */
export function tinyVectorOf(piece: string): number[] {
  const id = Math.max(1, pieces.indexOf(piece));
  return Array.from({ length: tinyDimension }, (_, place) => ((id * 7 + place * 5) % 11) - 5);
}

/** A model that looks each piece up in a table: enough to tell tokens, mask, pooling and prefixes by. */
export async function buildModelFolder(
  directory: string,
  settings: { pooling?: object; prompts?: Record<string, string>; maxPieces?: number } = {},
): Promise<void> {
  await mkdir(join(directory, "onnx"), { recursive: true });
  await mkdir(join(directory, "1_Pooling"), { recursive: true });
  const write = (name: string, content: object) => writeFile(join(directory, name), JSON.stringify(content));
  await writeFile(join(directory, "onnx/model.onnx"), buildModel());
  await write("tokenizer.json", tokenizer);
  await write("tokenizer_config.json", { tokenizer_class: "BertTokenizer" });
  await write("config.json", { hidden_size: tinyDimension, max_position_embeddings: settings.maxPieces ?? 32 });
  await write("1_Pooling/config.json", settings.pooling ?? { pooling_mode_mean_tokens: true });
  await write("config_sentence_transformers.json", { prompts: settings.prompts ?? {} });
}

const tokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
  },
};

/** The protobuf of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto by hand: last_hidden_state = table[input_ids]. */
function buildModel(): Uint8Array {
  const table = new Float32Array(pieces.flatMap((piece) => tinyVectorOf(piece)));
  const tensor = [
    number(1, pieces.length),
    number(1, tinyDimension),
    number(2, 1),
    text(8, "table"),
    bytes(9, new Uint8Array(table.buffer)),
  ];
  const node = [text(1, "table"), text(1, "input_ids"), text(2, "last_hidden_state"), text(4, "Gather")];
  const dimensions = [message(1, [text(2, "batch")]), message(1, [text(2, "pieces")])];
  const value = (name: string, type: number, shape: Uint8Array[]) => [
    text(1, name),
    message(2, [message(1, [number(1, type), message(2, shape)])]),
  ];
  const graph = [
    message(1, node),
    text(2, "tiny"),
    message(5, tensor),
    message(11, value("input_ids", 7, dimensions)),
    message(11, value("attention_mask", 7, dimensions)),
    message(12, value("last_hidden_state", 1, [...dimensions, message(1, [number(1, tinyDimension)])])),
  ];
  return Buffer.concat([number(1, 8), message(7, graph), message(8, [text(1, ""), number(2, 13)])]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length), ...content]);
}

function text(field: number, content: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(content));
}

function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  return bytes(field, Buffer.concat(parts));
}
