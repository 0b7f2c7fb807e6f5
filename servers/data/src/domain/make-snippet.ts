import { toSearchWords } from "./search-words.ts";

const snippetCharacters = 320;

/** How many of the query's words stand in a passage. */
function countWords(passage: string, queryWords: readonly string[]): number {
  const words = toSearchWords(passage).split(" ");
  return toStems(queryWords).filter((stem) => words.some((word) => word.startsWith(stem))).length;
}

/**
 * The passage that shows best why a document matches: the one with most of the query's words, else the first. A
 * ranking alone would not do, because a title counts for every passage below it.
 */
function choosePassage(passages: readonly string[], queryWords: readonly string[]): string {
  let best = passages[0] ?? "";
  let most = countWords(best, queryWords);
  for (const passage of passages.slice(1)) {
    const count = countWords(passage, queryWords);
    if (count > most) [best, most] = [passage, count];
  }
  return best;
}

function toStems(queryWords: readonly string[]): string[] {
  return queryWords.map((word) => word.slice(0, Math.max(4, word.length - 2)));
}

/** Of a document's passages the part where most of the query's words stand, about 320 characters, cut at words. */
export function makeSnippet(passages: readonly string[], queryWords: readonly string[]): string {
  const text = choosePassage(passages, queryWords).replace(/\s+/gu, " ").trim();
  if (text.length <= snippetCharacters) return text;
  const words = [...text.matchAll(/\S+/gu)].map((match) => ({ start: match.index, word: toSearchWords(match[0]) }));
  const stems = toStems(queryWords);
  const hits = words.filter(({ word }) => stems.some((stem) => word.startsWith(stem)));
  let start = 0;
  let most = 0;
  for (const candidate of hits) {
    const inside = hits.filter(
      (hit) => hit.start >= candidate.start && hit.start < candidate.start + snippetCharacters,
    );
    const distinct = new Set(inside.map((hit) => hit.word)).size;
    if (distinct > most) [start, most] = [candidate.start, distinct];
  }
  const from = words.findLast(({ start: at }) => at <= Math.max(0, start - 40))?.start ?? 0;
  const cut = text.slice(from, from + snippetCharacters);
  const end = from + snippetCharacters >= text.length ? cut : `${cut.replace(/\s+\S*$/u, "")}…`;
  return from > 0 ? `…${end}` : end;
}
