import { toSearchWords } from "./search-words.ts";

const snippetCharacters = 320;

/** The part of a passage where most of the query's words stand, about 320 characters, cut at words. */
export function makeSnippet(passage: string, queryWords: readonly string[]): string {
  const text = passage.replace(/\s+/gu, " ").trim();
  if (text.length <= snippetCharacters) return text;
  const words = [...text.matchAll(/\S+/gu)].map((match) => ({ start: match.index, word: toSearchWords(match[0]) }));
  const stems = queryWords.map((word) => word.slice(0, Math.max(4, word.length - 2)));
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
