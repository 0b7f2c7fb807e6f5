/**
 * Characters that a reader cannot see but a model reads: zero-width, bidi controls, the tag block (ASCII in disguise),
 * supplementary variation selectors, soft hyphens and control characters.
 */
const invisible =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0D\uFEFF\uFFA0\uFFF9-\uFFFC]|[\u{E0000}-\u{E0FFF}]|[\u{1D173}-\u{1D17A}]/gu;

/** Joiners carry meaning inside emoji and in scripts that join letters; elsewhere, or in a row, they only carry secrets. */
const strayJoiner =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}])[\u200C\u200D]+|(?<=[\u200C\u200D])[\u200C\u200D]+/gu;

const repeatedSelector = /(?<=[\uFE0E\uFE0F])[\uFE0E\uFE0F]+/gu;

/** The text as a reader sees it. Line separators become line breaks, so that words do not grow together. */
export function removeInvisibleCharacters(text: string): string {
  return text
    .replace(/[\u2028\u2029\u0085]/gu, "\n")
    .replace(invisible, "")
    .replace(strayJoiner, "")
    .replace(repeatedSelector, "");
}
