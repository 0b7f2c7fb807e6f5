/** A word as the guard compares it. */
export interface Word {
  /** As written. */
  raw: string;
  /** Lower case, without accents. */
  text: string;
  /** Without its ending: `cancelled` and `cancelling` are one. */
  stem: string;
  /** Written with a capital where grammar asks for none. */
  named: boolean;
  /** Two capitals or more, nothing else. */
  acronym: boolean;
}

/** Letters, digits and what stands inside a number, a code, an address or a file name. */
const tokenPattern =
  /[$€£¥₹]?[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}]|[.,:/@_&+#'’\\-](?=[\p{L}\p{N}]))*(?:%|°[cCfF]?|\+{1,2}|#)?|[.!?;:]|[<>]=?/gu;
/** `iphone12` and `covid-19` are also written apart. */
const joinedNumber = /(?<![\p{L}\p{N}_.@/-])(\p{L}{3,})-?(\d{1,4})(?![\p{L}\p{N}_@/-]|[.,:]\d)/gu;
const sentenceEnd = /^[.!?;:]$/u;
const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bper cent\b/giu, "percent"],
  [/\b(?:the )?united states(?: of america)?\b|\b[Uu]\.[Ss]\.(?:[Aa]\.)?/giu, "USA"],
  [/\b(?:the )?united kingdom\b|\bgreat britain\b/giu, "UK"],
  [/\bnew york city\b/giu, "New York"],
  [/\bcan['’]?t\b/giu, "can not"],
  [/\bcannot\b/giu, "can not"],
  [/\bwon['’]t\b/giu, "will not"],
  [/\bshan['’]t\b/giu, "shall not"],
  [/\b(do|does|did|is|are|was|were|has|have|had|could|would|should|must|need)n['’]?t\b/giu, "$1 not"],
  [/\bain['’]t\b/giu, "is not"],
  [/\b(i|you|we|they|who|what|that|he|she|it)['’]ll\b/giu, "$1 will"],
  [/\b(i|you|we|they)['’]ve\b/giu, "$1 have"],
  [/\b(you|we|they|what)['’]re\b/giu, "$1 are"],
  [/\bi['’]m\b/giu, "i am"],
  [/\b(i|you|we|they|he|she|it)['’]d\b/giu, "$1 would"],
  [/\b(what|where|when|who|how|why|that|there|here|it|he|she|let)['’]?s\b/giu, "$1 is"],
];

/** Without accents where the letter stays a letter: `é` is `e`; `й`, `が` and the like are letters of their own. */
export function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/(?<=\p{Script=Latin})\p{M}+/gu, "")
    .normalize("NFC")
    .toLowerCase();
}

/** Endings of English off; short words and words with digits stay whole. */
export function stemOf(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/u.test(word)) return word;
  let stem = word.replace(/(?:ies|ied)$/u, "y");
  if (stem === word) stem = word.replace(/(sses|shes|ches|xes|zes)$/u, (ending) => ending.slice(0, -2));
  if (stem === word && !/(?:ss|us|is)$/u.test(word)) stem = word.replace(/s$/u, "");
  const bare = stem.replace(/(?:ing|ed)$/u, "");
  if (bare !== stem && bare.length >= 3 && /[aeiouy]/u.test(bare)) stem = bare.replace(/([^aeiouylsz])\1$/u, "$1");
  // `movies` and `movie`, `cities` and `city`.
  return (stem.length > 4 ? stem.replace(/e$/u, "") : stem).replace(/(?<=[^aeiou]{1})y$/u, "i");
}

/** The words of a text, contractions written out; marks between sentences are left out. */
export function readWords(text: string): Word[] {
  let plain = text.normalize("NFKC");
  for (const [pattern, replacement] of contractions) plain = plain.replace(pattern, replacement);
  plain = plain.replace(joinedNumber, "$1 $2");
  const words: Word[] = [];
  let starts = true;
  for (const [raw] of plain.matchAll(tokenPattern)) {
    if (sentenceEnd.test(raw)) {
      starts = true;
      continue;
    }
    const own = raw.replace(/['’]s?$/u, "").replace(/['’]s$/u, "");
    const folded = fold(own);
    const capital = /^\p{Lu}/u.test(own);
    const acronym = /^\p{Lu}{2,}$/u.test(own);
    // `iPhone`, `eBay`: no sentence begins like that.
    const inner = /^\p{L}+\p{Lu}/u.test(own) && !/^\p{Lu}+$/u.test(own);
    words.push({ raw: own, text: folded, stem: stemOf(folded), named: inner || (capital && !starts), acronym });
    starts = false;
  }
  return forgetShouting(words);
}

/** Where nearly all is written with capitals they say nothing. */
function forgetShouting(words: Word[]): Word[] {
  const letters = words.filter((word) => /^\p{L}/u.test(word.raw) && word.text.length > 1);
  const capitals = letters.filter((word) => /^\p{Lu}/u.test(word.raw)).length;
  if (letters.length < 4 || capitals < letters.length * 0.7) return words;
  return words.map((word) => Object.assign(word, { named: false, acronym: false }));
}
