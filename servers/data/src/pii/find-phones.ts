import { phoneContext } from "./context-words.ts";
import type { PiiSpan } from "./pii-span.ts";

const extension = String.raw`(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?`;
const begin = String.raw`(?<![\p{L}\p{N}_+])(?<![\d\p{L}][.,/:-])`;
const end = String.raw`(?![\p{L}\p{N}_])(?![.,:/-]\d)`;

interface Shape {
  pattern: RegExp;
  digits: readonly [least: number, most: number];
  /** The shape alone says phone; others need a word that says so. */
  isClear: boolean;
}

/** Tried in this order; what an earlier shape took is not looked at again. Every repetition is bounded. */
const shapes: readonly Shape[] = [
  {
    pattern: new RegExp(
      String.raw`${begin}\(?\+\d{1,3}\)?(?:[ .-]?\(0?\d{0,4}\))?(?:[ .\/-]{0,2}\d{1,12}){1,7}${extension}${end}`,
      "giu",
    ),
    digits: [8, 16],
    isClear: true,
  },
  {
    pattern: new RegExp(
      String.raw`${begin}00[1-9]\d{0,2}[ .-](?:\(0?\d{1,4}\)[ .-]?)?\d{1,6}(?:[ .-]?\d{2,6}){1,5}${extension}${end}`,
      "giu",
    ),
    digits: [10, 17],
    isClear: true,
  },
  {
    pattern: new RegExp(
      String.raw`${begin}(?<!\d )(?:[18][ .-]?)?\(\d{3}\)[ .-]?\d{3}[ .-]?\d{2}-?\d{2}${extension}${end}`,
      "giu",
    ),
    digits: [10, 11],
    isClear: true,
  },
  {
    pattern: new RegExp(
      String.raw`${begin}(?<!\d )(?:1[ .-])?[2-9]\d{2}([ .-])[2-9]\d{2}\1\d{4}${extension}${end}`,
      "giu",
    ),
    digits: [10, 11],
    isClear: true,
  },
  {
    pattern: new RegExp(String.raw`${begin}\d{3}[-.]\d{3}[-.]\d{4}${extension}${end}`, "giu"),
    digits: [10, 10],
    isClear: true,
  },
  {
    // A trunk 0 and groups: most of Europe, Asia and Oceania.
    pattern: new RegExp(
      String.raw`${begin}(?<!\d )(?:\(0[1-9]\d{0,4}\) ?|0[1-9]\d{0,4}[ /-] ?|0[1-9]\.)\d{2,8}(?:[ .-]\d{2,6}){0,4}${end}`,
      "gu",
    ),
    digits: [9, 12],
    isClear: true,
  },
  {
    pattern: new RegExp(String.raw`${begin}(?:\(\d{2,5}\)[ .-]?)?\d(?:[ .\/-]?\d){6,12}${extension}${end}`, "giu"),
    digits: [7, 13],
    isClear: false,
  },
];

/** Country codes that ITU-T E.164 assigns. */
const countryCode =
  /^(?:1|7|2[07]|2[1-689]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[7-9]\d|8[1246]|8[0578]\d|9[0-58]|9[679]\d)/;
const date =
  /^(?:\d{1,2}([./ -])\d{1,2}\1(?:19|20)\d{2}|(?:19|20)\d{2}([./ -])\d{1,2}\2\d{1,2}|(?:19|20)\d{2}\s?[-/]\s?(?:19|20)\d{2})$/;

/** Phone numbers outside of the places that are taken. Bare runs of digits count only after a word such as "call". */
export function findPhones(text: string, isTaken: (start: number, end: number) => boolean): PiiSpan[] {
  const found: PiiSpan[] = [];
  for (const { pattern, digits: range, isClear } of shapes) {
    for (const match of text.matchAll(pattern)) {
      const [start, stop] = [match.index, match.index + match[0].length];
      const number = match[0].replace(/\s?(?:x|ext\.?|extension)\s?\d{1,6}$/iu, "");
      const digits = number.replace(/\D/g, "");
      if (digits.length < range[0] || digits.length > range[1] || date.test(number)) continue;
      if (/^\(?\+/.test(number) && !countryCode.test(digits)) continue;
      if (isTaken(start, stop) || found.some((other) => start < other.end && other.start < stop)) continue;
      const context = phoneContext(text, start, stop);
      if (context === "phone" || (context === "none" && isClear)) found.push({ kind: "phone", start, end: stop });
    }
  }
  return found;
}
