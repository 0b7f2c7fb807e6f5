import { minimumSecretLength, type SecretForm } from "./scrub-forms.ts";

export interface Needle extends SecretForm {
  mask: string;
}

/** All spellings of all secrets in one search structure. */
export interface NeedleSearch {
  add(needles: readonly Needle[]): void;
  clear(): void;
  /** The text with every occurrence masked; the very same string when there is none. */
  replaceAll(text: string): string;
}

interface Candidate extends Needle {
  prefix: string;
}

const blockEnd = minimumSecretLength - 1;
const tableSize = 1 << 14;

/**
 * Wu–Manber search over the first 8 characters of all needles at once: most positions of an innocent line are skipped
 * by one table look-up of a character pair, so a line without a secret costs far less than writing it.
 */
export function createNeedleSearch(): NeedleSearch {
  const shifts = new Uint8Array(tableSize).fill(blockEnd);
  const buckets = new Map<number, Candidate[]>();

  function addOne(needle: Needle): void {
    for (let index = 1; index <= blockEnd; index += 1) {
      const block = hashBlock(needle.text.charCodeAt(index - 1), needle.text.charCodeAt(index));
      shifts[block] = Math.min(shifts[block] ?? 0, blockEnd - index);
      if (index < blockEnd) continue;
      const candidate = { ...needle, prefix: needle.text.slice(0, needle.prefixLength) };
      buckets.set(block, [...(buckets.get(block) ?? []), candidate]);
    }
  }

  function replaceAll(text: string): string {
    let result = "";
    let copied = 0;
    let end = blockEnd;
    while (end < text.length) {
      const block = hashBlock(text.charCodeAt(end - 1), text.charCodeAt(end));
      const shift = shifts[block] ?? 1;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const start = end - blockEnd;
      const match = findLongest(buckets.get(block) ?? [], text, start);
      if (!match) {
        end += 1;
        continue;
      }
      result += text.slice(copied, start) + match.mask;
      copied = match.end;
      end = copied + blockEnd;
    }
    return copied === 0 ? text : result + text.slice(copied);
  }

  return {
    add: (needles) => needles.forEach(addOne),
    clear() {
      shifts.fill(blockEnd);
      buckets.clear();
    },
    replaceAll,
  };
}

function hashBlock(first: number, second: number): number {
  return ((first << 7) ^ second) & (tableSize - 1);
}

/** The needle that covers the most text. A cut secret is masked as far as it goes. */
function findLongest(
  candidates: readonly Candidate[],
  text: string,
  start: number,
): { mask: string; end: number } | undefined {
  let best: { mask: string; end: number } | undefined;
  for (const needle of candidates) {
    if (!text.startsWith(needle.prefix, start)) continue;
    let length = needle.prefixLength;
    while (length < needle.text.length && text[start + length] === needle.text[length]) length += 1;
    // A mask must not swallow half of a JSON escape: the quote behind it would end the string early.
    while (length < needle.text.length && needle.text[length - 1] === "\\") length -= 1;
    if (!best || start + length > best.end) best = { mask: needle.mask, end: start + length };
  }
  return best;
}
