import { isCommonWord, isContentWord } from "./common-words.ts";
import { findKinds } from "./kinds.ts";
import { findName } from "./known-names.ts";
import { type Negation, readNegation } from "./negation.ts";
import { areOpposite } from "./opposites.ts";
import { type Quantities, readQuantities, sameQuantities } from "./quantities.ts";
import { mayAskTheSame, type QuestionKind, readQuestionKind } from "./question-kind.ts";
import { meanTheSame } from "./same-meaning.ts";
import { readWords, type Word } from "./words.ts";
import { ordersDiffer } from "./word-order.ts";

/** What in a question decides its answer and hardly moves its vector. */
export type Slot = "number" | "code" | "name" | "negation" | "opposite" | "kind" | "question" | "order" | "symbol";

/** A text taken apart once, to be compared with many. */
export interface SlotText {
  text: string;
  words: readonly Word[];
  quantities: Quantities;
  negation: Negation;
  question: QuestionKind;
  /** Letters and digits alone: `iPhone 12` and `iphone12` are found in each other. */
  squeezed: string;
  codes: readonly string[];
  quoted: readonly string[];
  /** Capital letters that stand alone: `option A`. */
  labels: string;
  english: boolean;
}

export function readSlots(text: string): SlotText {
  const words = readWords(text.slice(0, longestRead));
  const { used, ...quantities } = readQuantities(words);
  const content = words.filter((_word, index) => !used.has(index));
  const common = content.filter((word) => !isContentWord(word) || isCommonWord(word)).length;
  return {
    text,
    words: content,
    quantities,
    negation: readNegation(words, text),
    question: readQuestionKind(words),
    squeezed: squeeze(text),
    codes: content.filter(isCode).map((word) => squeeze(word.text)),
    quoted: [...text.matchAll(quotePattern)].map(([, one, two]) => squeeze(one ?? two ?? "")).filter(Boolean),
    labels: words
      .filter(({ raw, named }) => named && raw !== "I" && /^\p{Lu}$/u.test(raw))
      .map(({ raw }) => raw)
      .toSorted()
      .join(""),
    english: common >= content.length * 0.4,
  };
}

/** A question of more characters is compared by its beginning; the vector reads no more either. */
const longestRead = 4_000;
const quotePattern = /[`"“„]([^`"”“]{1,40})[`"”“]|(?<=^|\s)'([^'\s]{2,40})'(?=\s|[.?!,]|$)/gu;
/** Marks that mean something of their own in code and formulas. */
const symbolPattern = /[=<>*^|~]+|\\\w|(?<=\s)[-+/](?=\s)/gu;
const unspaced =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}/u;

function squeeze(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+#]/gu, "");
}

function isCode({ raw, text }: Word): boolean {
  if (/\p{N}/u.test(text)) return true;
  return /[@/\\_&]|\w\.\w|\+\+|#$/u.test(raw) && text.length > 1;
}

/**
 * The first slot in which two questions differ; `undefined` when none does. Symmetric. Errs on the side of difference:
 * a wrong answer costs more than a second question to the model.
 */
export function findSlotDifference(left: SlotText, right: SlotText): Slot | undefined {
  if (left.text === right.text) return undefined;
  if (!sameQuantities(left.quantities, right.quantities)) return "number";
  if (left.labels !== right.labels || codesDiffer(left, right) || codesDiffer(right, left)) return "code";
  if (left.negation.count % 2 !== right.negation.count % 2 || denialsDiffer(left, right)) return "negation";
  if (!mayAskTheSame(left.question, right.question)) return "question";
  if (symbols(left.text) !== symbols(right.text)) return "symbol";
  const [onlyLeft, onlyRight] = findUnmatched(left.words, right.words);
  return (
    compareUnmatched(onlyLeft, onlyRight) ??
    (namesDiffer(left, right, onlyLeft, onlyRight) ? "name" : undefined) ??
    (ownersDiffer(onlyLeft, onlyRight, left, right) ? "kind" : undefined) ??
    (ordersDiffer(left.words, right.words) ? "order" : undefined) ??
    (unspacedDiffer(left, right) ? "name" : undefined)
  );
}

function symbols(text: string): string {
  return (text.match(symbolPattern) ?? []).toSorted().join(" ");
}

function codesDiffer(from: SlotText, to: SlotText): boolean {
  return (
    from.codes.some((code) => !to.squeezed.includes(code)) || from.quoted.some((span) => !to.squeezed.includes(span))
  );
}

/** `on but not off` against `off but not on`: what one denies the other says without denying it. */
function denialsDiffer(left: SlotText, right: SlotText): boolean {
  const affirmed = (stem: string, { words, negation }: SlotText) =>
    !negation.denied.has(stem) && words.some((word) => word.stem === stem);
  const { denied: deniedLeft } = left.negation;
  const { denied: deniedRight } = right.negation;
  if (deniedLeft.size === 0 || deniedRight.size === 0) return false;
  const crossed = [...deniedLeft].some((stem) => affirmed(stem, right));
  return crossed && [...deniedRight].some((stem) => affirmed(stem, left));
}

/** The words of each side that nothing on the other stands for. */
function findUnmatched(left: readonly Word[], right: readonly Word[]): [Word[], Word[]] {
  const free = new Set(right);
  const restLeft: Word[] = [];
  for (const word of left) {
    const exact = [...free].find((other) => other.stem === word.stem);
    if (exact) free.delete(exact);
    else restLeft.push(word);
  }
  // Repeating a word, or leaving the repetition out, changes nothing.
  const missingLeft = restLeft.filter((word) => !right.some((other) => other.stem === word.stem));
  const missingRight = [...free].filter((word) => !left.some((other) => other.stem === word.stem));
  return [missingLeft, missingRight];
}

function compareUnmatched(onlyLeft: readonly Word[], onlyRight: readonly Word[]): Slot | undefined {
  for (const one of onlyLeft) {
    for (const other of onlyRight) {
      if (areOpposite(one, other)) return "opposite";
      if (excludeEachOther(one, other)) return "kind";
    }
  }
  const strict = (words: readonly Word[]) =>
    words.flatMap((word) =>
      findKinds(word)
        .filter((found) => found.strict)
        .map(({ kind, member }) => `${kind} ${member}`),
    );
  const [strictLeft, strictRight] = [strict(onlyLeft), strict(onlyRight)];
  const lacks =
    strictLeft.some((found) => !strictRight.includes(found)) ||
    strictRight.some((found) => !strictLeft.includes(found));
  return lacks ? "kind" : undefined;
}

function excludeEachOther(one: Word, other: Word): boolean {
  const kinds = findKinds(other);
  return findKinds(one).some(({ kind, member }) =>
    kinds.some((found) => found.kind === kind && found.member !== member),
  );
}

function namesDiffer(left: SlotText, right: SlotText, onlyLeft: readonly Word[], onlyRight: readonly Word[]): boolean {
  return (
    lacksName(onlyLeft, right) || lacksName(onlyRight, left) || hasRareSubstitution(left, right, onlyLeft, onlyRight)
  );
}

/** A name of one side that the other does not have in any spelling. */
function lacksName(only: readonly Word[], other: SlotText): boolean {
  return only.some((word) => {
    const known = findName(word);
    if (known !== undefined) return !other.words.some((found) => findName(found) === known);
    if (!word.named && !word.acronym) return false;
    if (isContentWord(word) === false) return false;
    const elsewhere = other.words.some((found) => meanTheSame(found, word) || isMisspelt(found, word));
    // A capital on a plain word is a habit of the writer.
    return !elsewhere && !other.squeezed.includes(squeeze(word.text)) && !(isCommonWord(word) && !word.acronym);
  });
}

/**
 * Where one rare word stands on each side and nothing accounts for either, they are two things, whatever they are.
 * In a language whose words we do not know a single exchanged word is enough, and so is one in an else equal sentence.
 */
function hasRareSubstitution(
  left: SlotText,
  right: SlotText,
  onlyLeft: readonly Word[],
  onlyRight: readonly Word[],
): boolean {
  const unexplained = (from: readonly Word[], to: readonly Word[]) =>
    from.filter(
      (word) =>
        isContentWord(word) &&
        word.text.length > 2 &&
        !to.some((other) => meanTheSame(word, other) || isMisspelt(word, other)),
    );
  const [restLeft, restRight] = [unexplained(onlyLeft, right.words), unexplained(onlyRight, left.words)];
  if (!left.english || !right.english) return restLeft.length === 1 && restRight.length === 1;
  if (restLeft.length === 1 && restRight.length === 1 && differInOnePlace(left.words, right.words)) return true;
  const rare = (words: readonly Word[]) => words.some((word) => !isCommonWord(word));
  return rare(restLeft) && rare(restRight);
}

function differInOnePlace(left: readonly Word[], right: readonly Word[]): boolean {
  return left.length === right.length && left.filter((word, index) => word.stem !== right[index]?.stem).length === 1;
}

/** One letter more, less, other or exchanged in a long word that is no known name and has its first letter right. */
function isMisspelt(one: Word, other: Word): boolean {
  const [left, right] = [one.text, other.text];
  if (left.length < 5 || right.length < 5 || left[0] !== right[0] || Math.abs(left.length - right.length) > 1)
    return false;
  if (findName(one) !== undefined || findName(other) !== undefined) return false;
  const named = one.named || other.named;
  if (named && Math.min(left.length, right.length) < 8) return false;
  if (!named && isCommonWord(one) && isCommonWord(other)) return false;
  return isOneEdit(left, right);
}

function isOneEdit(left: string, right: string): boolean {
  let start = 0;
  while (start < left.length && left[start] === right[start]) start += 1;
  const [a, b] = [left.slice(start), right.slice(start)];
  if (a.length === b.length)
    return a.slice(1) === b.slice(1) || (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2));
  return a.length > b.length ? a.slice(1) === b : a === b.slice(1);
}

/** `my name` and `your name` are two people's, unless all of the sentence is about `you` instead of `I`. */
function ownersDiffer(onlyLeft: readonly Word[], onlyRight: readonly Word[], left: SlotText, right: SlotText): boolean {
  const owner = (words: readonly Word[]) => words.find((word) => owners.has(word.text))?.text;
  const [one, other] = [owner(onlyLeft), owner(onlyRight)];
  if (one === undefined || other === undefined || one === other) return false;
  const generic = new Set([one, other]);
  const has = (words: readonly Word[], text: string) => words.some((word) => word.text === text);
  const swapped = generic.has("my") && generic.has("your");
  return !(swapped && [left, right].every(({ words }) => has(words, has(words, "my") ? "i" : "you")));
}

const owners = new Set("my your his her their our".split(" "));

/** Scripts without spaces: what is left between common beginning and common end. */
function unspacedDiffer({ text: left }: SlotText, { text: right }: SlotText): boolean {
  if (!unspaced.test(left) && !unspaced.test(right)) return false;
  const [one, other] = [Array.from(squeeze(left)), Array.from(squeeze(right))];
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [leftGap, rightGap] = [one.length - start - end, other.length - start - end];
  return leftGap > 0 && rightGap > 0 && leftGap <= 6 && rightGap <= 6;
}
