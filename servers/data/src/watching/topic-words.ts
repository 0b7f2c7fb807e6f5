/**
 * Whether a text is about a topic: all words of one of its alternatives, which commas part, stand in it, each as a word
 * or as the beginning of one. A topic without words fits everything.
 */
export function isAbout(topic: string | null, text: string): boolean {
  const alternatives = (topic ?? "").split(",").map(toWords);
  if (alternatives.every((words) => words.length === 0)) return true;
  const found = toWords(text);
  return alternatives.some(
    (words) => words.length > 0 && words.every((word) => found.some((candidate) => candidate.startsWith(word))),
  );
}

function toWords(text: string): string[] {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
