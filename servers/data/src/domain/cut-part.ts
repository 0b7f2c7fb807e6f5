export interface TextPart {
  text: string;
  /** Where the next part begins; null at the end. */
  nextOffset: number | null;
}

/** A part of a long text, cut at a line or word where one is near, never inside a character. */
export function cutPart(text: string, offset: number, maxLength: number): TextPart {
  const start = isLowSurrogate(text, offset) ? offset + 1 : offset;
  let end = Math.min(text.length, start + maxLength);
  if (end < text.length) {
    const least = start + Math.floor(maxLength * 0.85);
    const line = text.lastIndexOf("\n", end);
    const space = text.lastIndexOf(" ", end);
    if (line > least) end = line + 1;
    else if (space > least) end = space + 1;
    else if (isLowSurrogate(text, end)) end -= 1;
  }
  return { text: text.slice(start, end), nextOffset: end < text.length ? end : null };
}

function isLowSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0xdc00 && code <= 0xdfff;
}
