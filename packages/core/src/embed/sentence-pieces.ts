/** A piece of the vocabulary and its log probability, as `vocab.json` of the Universal Sentence Encoder Lite holds them. */
export type Vocabulary = readonly (readonly [piece: string, score: number])[];

export type Tokenizer = (text: string) => number[];

const separator = "\u2581";
/** Ids 0 to 5 are control symbols, never text. Id 0 stands for anything unknown. */
const reservedPieces = 6;
const unknownScore = -20;

interface Step {
  score: number;
  id: number;
  from: number;
}

/**
 * SentencePiece unigram segmentation: the split with the highest sum of log probabilities (Viterbi over the text).
 * https://arxiv.org/abs/1808.06226
 */
export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const pieces = new Map<string, { id: number; score: number }>();
  let longest = 1;
  for (const [id, [piece, score]] of vocabulary.entries()) {
    if (id < reservedPieces) continue;
    pieces.set(piece, { id, score });
    longest = Math.max(longest, Array.from(piece).length);
  }
  return (text) => {
    const normalized = text.normalize("NFKC").trim();
    if (normalized === "") return [];
    const symbols = Array.from(separator + normalized.replaceAll(/\s/gu, separator));
    return readBestPath(findBestSteps(symbols, pieces, longest));
  };
}

function findBestSteps(
  symbols: readonly string[],
  pieces: ReadonlyMap<string, { id: number; score: number }>,
  longest: number,
): Step[] {
  const best: Step[] = [{ score: 0, id: 0, from: 0 }];
  for (let end = 1; end <= symbols.length; end += 1) {
    const before = best[end - 1]?.score ?? 0;
    let step: Step = { score: before + unknownScore, id: 0, from: end - 1 };
    let piece = "";
    for (let start = end - 1; start >= Math.max(0, end - longest); start -= 1) {
      piece = (symbols[start] ?? "") + piece;
      const match = pieces.get(piece);
      if (!match) continue;
      const score = (best[start]?.score ?? 0) + match.score;
      if (score > step.score) step = { score, id: match.id, from: start };
    }
    best.push(step);
  }
  return best;
}

function readBestPath(best: readonly Step[]): number[] {
  const ids: number[] = [];
  for (let end = best.length - 1; end > 0; end = best[end]?.from ?? 0) {
    const id = best[end]?.id ?? 0;
    // A run of unknown characters is one unknown piece.
    if (id !== 0 || ids.at(-1) !== 0) ids.push(id);
  }
  return ids.toReversed();
}
