import type { Embedder, EmbedOptions } from "./embedder.ts";

const defaultDimension = 1024;
const shortestGram = 3;
const longestGram = 5;
/** Words that carry grammar, not subject. They stand in for the inverse document frequency of a corpus we do not have. */
const functionWords = new Set(
  (
    "a an the and or but if of to in on at by for from with about as into than then so is are was were be been being am " +
    "do does did done has have had having can could will would shall should may might must i you he she it we they me " +
    "him her us them my your his its our their this that these those there here who whom whose which what when where " +
    "how why please just also very"
  ).split(" "),
);
const functionWordWeight = 0.15;
const wordPattern = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * One text as hashed character 3- to 5-grams of its padded words, signed, sub-linear in frequency, of unit length.
 * Deterministic across processes and machines; about 40 µs for a sentence.
 */
export function buildLexicalVector(text: string, dimension: number = defaultDimension): Float32Array {
  const vector = new Float32Array(dimension);
  const counts = new Map<string, { count: number; weight: number }>();
  for (const [word] of text.normalize("NFKC").toLowerCase().matchAll(wordPattern)) {
    const known = counts.get(word);
    if (known) known.count += 1;
    else counts.set(word, { count: 1, weight: functionWords.has(word) ? functionWordWeight : 1 });
  }
  for (const [word, { count, weight }] of counts) addWord(vector, word, weight * (1 + Math.log(count)));
  return normalizeInPlace(vector);
}

/** An embedder without a model: the last resort, and the whole of it in unit tests. */
export function createLexicalEmbedder(options: { dimension?: number } = {}): Embedder {
  const dimension = options.dimension ?? defaultDimension;
  const modelId = `lexical-3-5gram-v1-${dimension}`;
  return {
    async embed(texts: readonly string[], { signal }: EmbedOptions) {
      const vectors: Float32Array[] = [];
      for (const [index, text] of texts.entries()) {
        // A thousand documents would hold the event loop for 30 ms and more.
        if (index % 64 === 63) await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        vectors.push(buildLexicalVector(text, dimension));
      }
      return { vectors, modelId, dimension };
    },
    status: () => ({ modelId, dimension, state: "ready" }),
    async close() {},
  };
}

function addWord(vector: Float32Array, word: string, weight: number): void {
  const padded = ` ${word} `;
  const longest = Math.min(longestGram, padded.length);
  let grams = 0;
  for (let length = shortestGram; length <= longest; length += 1) grams += padded.length - length + 1;
  // Without this a long word would outweigh a short one by its number of grams.
  const gramWeight = weight / Math.sqrt(grams);
  for (let length = shortestGram; length <= longest; length += 1) {
    for (let start = 0; start + length <= padded.length; start += 1) {
      const hash = hashGram(padded, start, start + length);
      const slot = (hash >>> 1) % vector.length;
      vector[slot] = (vector[slot] ?? 0) + (hash & 1 ? gramWeight : -gramWeight);
    }
  }
}

/** FNV-1a with a final mix: the plain form leaves the low bit, which is our sign, nearly constant. */
function hashGram(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let index = from; index < to; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Scales to unit length; a zero vector stays zero. */
export function normalizeInPlace(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (sum === 0) return vector;
  const scale = 1 / Math.sqrt(sum);
  for (let index = 0; index < vector.length; index += 1) vector[index] = (vector[index] ?? 0) * scale;
  return vector;
}
