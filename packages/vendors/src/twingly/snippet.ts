const longestSnippet = 300;

/** The beginning of a licensed text, at most 300 characters, in whole words where it has any. */
export function snippetOf(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= longestSnippet) return line;
  const part = line.slice(0, longestSnippet);
  const lastSpace = part.lastIndexOf(" ");
  // Half a surrogate pair must not remain either.
  return `${lastSpace > longestSnippet / 2 ? part.slice(0, lastSpace) : part.replace(/[\uD800-\uDBFF]$/, "")}…`;
}
