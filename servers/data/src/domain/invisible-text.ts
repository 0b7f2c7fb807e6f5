/** Characters that a reader cannot see but a model reads, as ranges of code points. */
const invisibleRanges: readonly (readonly [first: number, last: number])[] = [
  // Control characters but tab and line feed.
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  // Soft hyphen, zero-width space, byte order mark, word joiner and invisible operators.
  [0xad, 0xad],
  [0x200b, 0x200b],
  [0xfeff, 0xfeff],
  [0x2060, 0x206f],
  // Directional marks and overrides, and what remains of line separators.
  [0x061c, 0x061c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  // Fillers that look empty.
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180e, 0x180e],
  [0x3164, 0x3164],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffc],
  // Variation selectors; the two that emoji use are treated below.
  [0xfe00, 0xfe0d],
  // Musical controls, and the tag block with its selectors: ASCII in disguise.
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];
const invisible = new RegExp(`[${invisibleRanges.map(toClass).join("")}]`, "gu");

function toClass([first, last]: readonly [number, number]): string {
  return `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`;
}

/** Joiners carry meaning inside emoji and in scripts that join letters; elsewhere, or in a row, they only carry secrets. */
const strayJoiner =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}])[\u200C\u200D]+|(?<=[\u200C\u200D])[\u200C\u200D]+/gu;

const repeatedSelector = /(?<=[\uFE0E\uFE0F])[\uFE0E\uFE0F]+/gu;

/** The text as a reader sees it. Line separators become line breaks, so that words do not grow together. */
export function removeInvisibleCharacters(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, "\n")
    .replace(invisible, "")
    .replace(strayJoiner, "")
    .replace(repeatedSelector, "");
}
