/** A piece of the vocabulary and its log probability, as `vocab.json` of the Universal Sentence Encoder Lite holds them. */
export type Vocabulary = readonly (readonly [piece: string, score: number])[];

export type Tokenizer = (text: string) => number[];

const separator = "\u2581";
/** Ids 0 to 5 are control symbols, never text. Id 0 stands for anything unknown. */
const reservedPieces = 6;
const unknownScore = -20;

/** The vocabulary as a tree of symbols: most walks end after a few, where look-ups of whole pieces would try sixteen. */
interface PieceTree {
  /** Symbol → its number, from 1. */
  symbols: ReadonlyMap<string, number>;
  /** node · (number of symbols + 1) + symbol → node. The root is 0. */
  next: ReadonlyMap<number, number>;
  /** Piece that ends at a node, 0 for none. */
  ids: readonly number[];
  scores: readonly number[];
}

/**
 * SentencePiece unigram segmentation: the split with the highest sum of log probabilities (Viterbi over the text).
 * https://arxiv.org/abs/1808.06226
 */
export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const tree = buildTree(vocabulary);
  return (text) => {
    const normalized = text.normalize("NFKC").trim();
    if (normalized === "") return [];
    const symbols = Array.from(separator + normalized.replaceAll(/\s/gu, separator));
    return findBestPath(symbols, tree);
  };
}

function buildTree(vocabulary: Vocabulary): PieceTree {
  const pieces = vocabulary.map(([piece]) => Array.from(piece));
  const symbols = new Map<string, number>();
  for (const symbol of pieces.slice(reservedPieces).flat()) {
    if (!symbols.has(symbol)) symbols.set(symbol, symbols.size + 1);
  }
  const next = new Map<number, number>();
  const ids = [0];
  const scores = [0];
  for (const [id, [, score]] of vocabulary.entries()) {
    if (id < reservedPieces) continue;
    let node = 0;
    for (const symbol of pieces[id] ?? []) {
      const key = node * (symbols.size + 1) + (symbols.get(symbol) ?? 0);
      let child = next.get(key);
      if (child === undefined) {
        child = ids.length;
        next.set(key, child);
        ids.push(0);
        scores.push(0);
      }
      node = child;
    }
    ids[node] = id;
    scores[node] = score;
  }
  return { symbols, next, ids, scores };
}

function findBestPath(text: readonly string[], { symbols, next, ids, scores }: PieceTree): number[] {
  const length = text.length;
  const numbers = text.map((symbol) => symbols.get(symbol) ?? 0);
  const bestScores = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
  const bestIds = new Int32Array(length + 1);
  const cameFrom = new Int32Array(length + 1);
  bestScores[0] = 0;
  function offer(end: number, from: number, { id, score }: { id: number; score: number }): void {
    const total = (bestScores[from] ?? 0) + score;
    if (total < (bestScores[end] ?? 0)) return;
    bestScores[end] = total;
    bestIds[end] = id;
    cameFrom[end] = from;
  }
  for (let start = 0; start < length; start += 1) {
    let node = 0;
    for (let end = start + 1; end <= length; end += 1) {
      const child = next.get(node * (symbols.size + 1) + (numbers[end - 1] ?? 0));
      if (child === undefined) break;
      node = child;
      const id = ids[node] ?? 0;
      if (id !== 0) offer(end, start, { id, score: scores[node] ?? 0 });
    }
    offer(start + 1, start, { id: 0, score: unknownScore });
  }
  return readPath(bestIds, cameFrom);
}

function readPath(bestIds: Int32Array, cameFrom: Int32Array): number[] {
  const path: number[] = [];
  for (let end = bestIds.length - 1; end > 0; end = cameFrom[end] ?? 0) {
    const id = bestIds[end] ?? 0;
    // A run of unknown characters is one unknown piece.
    if (id !== 0 || path.at(-1) !== 0) path.push(id);
  }
  return path.toReversed();
}
