import { isContentWord } from "./common-words.ts";
import type { Word } from "./words.ts";

/** Words whose two sides are not alike. */
const directed = new Set(
  "from to into than before after over under by of versus vs beat beats against without for owes owe lend give von nach zu de a para da".split(
    " ",
  ),
);

/** Same words, other order, around a word with a direction: `from Oslo to Rome` and `from Rome to Oslo`. */
export function ordersDiffer(left: readonly Word[], right: readonly Word[]): boolean {
  if (!left.some((word) => directed.has(word.text)) && !right.some((word) => directed.has(word.text))) return false;
  const [argumentsLeft, argumentsRight] = [readArguments(left), readArguments(right)];
  const exchanged = [...argumentsLeft].some(([one, first]) =>
    [...argumentsLeft].some(
      ([two, second]) => first !== second && argumentsRight.get(one) === second && argumentsRight.get(two) === first,
    ),
  );
  if (exchanged) return true;
  return comparedTheOtherWay(left, right);
}

/** Each directed word and the first word of substance after it. */
function readArguments(words: readonly Word[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    if (!directed.has(word.text)) continue;
    const after = words.slice(index + 1).find(isContentWord);
    if (after && !found.has(word.text)) found.set(word.text, after.stem);
  }
  return found;
}

/** `is A better than B`: one directed word with the two sides exchanged. */
function comparedTheOtherWay(left: readonly Word[], right: readonly Word[]): boolean {
  const split = (words: readonly Word[]) => {
    const at = words.findIndex((word) => directed.has(word.text));
    const stems = (part: readonly Word[]) => part.filter(isContentWord).map((word) => word.stem);
    return { word: words[at]?.text, before: stems(words.slice(0, at)), after: stems(words.slice(at + 1)) };
  };
  const [one, other] = [split(left), split(right)];
  if (one.word === undefined || one.word !== other.word || one.word === "of" || one.word === "for") return false;
  const moved = one.after.some((stem) => other.before.includes(stem) && !one.before.includes(stem));
  return moved && other.after.some((stem) => one.before.includes(stem) && !other.before.includes(stem));
}
