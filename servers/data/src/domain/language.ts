/** Frequent short words. A text of one language is full of its own and almost free of the others'. */
const frequentWords: Readonly<Record<string, string>> = {
  en: "the and of to in is that for with was are this be as on have it from by not at you or has",
  de: "der die und das nicht ist mit den von zu ein eine auf für sich dem des auch als im es werden wurde",
  fr: "le la les et des est une dans que pour qui pas sur avec au plus par ce sont du il nous ne",
  es: "el la los las de que y en una por con para es del se al como más pero su fue lo",
  pt: "o a os as de que e do da em um uma para com não por mais dos como foi ao no na",
  it: "il di che la e un una per con non sono del della gli le dei nel alla più anche si da",
  nl: "de het een van en in is dat op te met voor niet zijn aan er ook maar om bij door",
  sv: "och att det som en är av för med på till den har inte om ett var från men",
  da: "og at det som en er af for med på til den har ikke der et var fra men jeg",
  no: "og at det som en er av for med på til den har ikke et var fra men jeg eller",
  fi: "ja on ei että se oli hän ovat mutta kun niin myös joka kuin tai sen mukaan",
  pl: "i w na z nie się do to że jest jak o za po od co ale przez są dla",
  cs: "a v na se je že s z do o by to jako ale za po pro tak které není",
  tr: "ve bir bu da de için ile çok olarak daha ne gibi var olan sonra kadar ancak değil",
  ro: "și de la în a nu o că pe cu din este un mai sunt pentru ce sau care",
  hu: "a az és hogy nem is egy ez meg volt csak mint van de már vagy ha",
  id: "yang dan di untuk dengan dari ini itu dalam tidak pada adalah akan ke juga oleh",
  vi: "và của là có trong được cho không một các người với này những để đã khi",
};

/** Scripts that (nearly) name their language. Kana before Han: Japanese uses both. */
const scripts: readonly [language: string, letters: RegExp][] = [
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["ko", /\p{Script=Hangul}/gu],
  ["zh", /\p{Script=Han}/gu],
  ["el", /\p{Script=Greek}/gu],
  ["he", /\p{Script=Hebrew}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["hi", /\p{Script=Devanagari}/gu],
  ["th", /\p{Script=Thai}/gu],
  ["ru", /\p{Script=Cyrillic}/gu],
];

const wordSets = Object.entries(frequentWords).map(
  ([language, words]) => [language, new Set(words.split(" "))] as const,
);

/**
 * Language of a text. The page's own claim wins where the script allows several languages or the text is short;
 * clear evidence in the text wins over the claim, because templates carry their maker's language.
 */
export function findLanguage(text: string, stated: string | null): string | null {
  const sample = text.slice(0, 8000);
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  if (letters < 20) return stated;
  for (const [language, pattern] of scripts) {
    const share = (sample.match(pattern)?.length ?? 0) / letters;
    if (share > (language === "ja" ? 0.15 : 0.4)) return shareScript(language, stated) ? stated : language;
  }
  return findLatin(sample, stated);
}

function shareScript(language: string, stated: string | null): boolean {
  const sharing: Record<string, string> = {
    ar: "ar fa ur ps ckb",
    ru: "ru uk bg sr mk be kk",
    hi: "hi mr ne",
    zh: "zh yue",
  };
  return stated !== null && (sharing[language] ?? language).split(" ").includes(stated);
}

function findLatin(sample: string, stated: string | null): string | null {
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? [];
  const scores = wordSets
    .map(
      ([language, frequent]) => [language, words.filter((word) => frequent.has(word)).length / words.length] as const,
    )
    .sort((left, right) => right[1] - left[1]);
  const [best, second] = scores;
  if (!best || !second) return stated;
  const ownScore = scores.find(([language]) => language === stated)?.[1];
  // A stated language that we hold no words of cannot be refuted by the text unless another one is very clear.
  const isClear = words.length >= 40 && best[1] > 0.18 && best[1] > second[1] * 1.3;
  if (isClear) return best[0];
  if (stated !== null && (ownScore === undefined || ownScore > best[1] * 0.6)) return stated;
  return best[1] > 0.12 && words.length >= 12 ? best[0] : stated;
}
