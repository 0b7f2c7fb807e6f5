/** By the part of the query's words a document has, the best first: no model, but the right order for plain cases. */
export function rankDocuments(query: string, documents: readonly string[]): { index: number; score: number }[] {
  const wanted = wordsOf(query);
  return documents
    .map((document, index) => {
      const words = wordsOf(document);
      const shared = [...wanted].filter((word) => words.has(word)).length;
      return { index, score: wanted.size === 0 ? 0 : Number((shared / wanted.size).toFixed(4)) };
    })
    .toSorted((one, other) => other.score - one.score || one.index - other.index);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
