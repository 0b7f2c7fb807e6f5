import { removeInvisibleCharacters } from "./invisible-text.ts";

const ideographs =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]+/gu;

/**
 * Text → words as they are indexed, separated by spaces: case, width and accents folded; scripts without spaces cut
 * into pairs of characters, which no built-in tokenizer of either engine does.
 */
export function toSearchWords(text: string): string {
  const folded = removeInvisibleCharacters(text)
    .normalize("NFKD")
    .replace(/(?<=\p{Script=Latin})\p{M}+/gu, "")
    .normalize("NFC")
    .toLowerCase();
  return folded
    .replace(ideographs, (run) => ` ${toPairs(run)} `)
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
}

function toPairs(run: string): string {
  const characters = Array.from(run);
  if (characters.length === 1) return run;
  return characters
    .slice(1)
    .map((character, index) => `${characters[index]}${character}`)
    .join(" ");
}

/** Words that are in nearly every text; matching them says nothing and costs a scan. */
const emptyWords = new Set(
  (
    "a an and are as at be by did do does for from had has have how i in is it its me my of on or our that the their them " +
    "there this to was we were what when where which who why will with you your about can could should would " +
    "der die das und ist ein eine zu von mit für le la les et des une un du de en el los las y que o os as e da do em il di che"
  ).split(" "),
);

/** The distinct words of a query that are worth matching, at most 32. A query of nothing but common words keeps them. */
export function toQueryWords(query: string): string[] {
  const words = [...new Set(toSearchWords(query.slice(0, 2000)).split(" ").filter(Boolean))];
  const telling = words.filter((word) => !emptyWords.has(word));
  return (telling.length > 0 ? telling : words).slice(0, 32).map((word) => word.slice(0, 64));
}
