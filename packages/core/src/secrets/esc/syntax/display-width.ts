const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

// Unicode's East Asian Width W and F, in ranges wide enough to ignore unassigned code points.
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

const emoji = /^\p{Emoji_Presentation}|^\p{Extended_Pictographic}\u{FE0F}|^\p{Regional_Indicator}{2}/u;
const invisible = /^[\p{Cc}\p{Mn}\p{Me}\p{Cf}\p{Zl}\p{Zp}]/u;

/** The cells that one grapheme cluster takes on a terminal: 0, 1 or 2. */
function clusterWidth(cluster: string): number {
  if (invisible.test(cluster)) return 0;
  if (emoji.test(cluster)) return 2;
  const code = cluster.codePointAt(0) ?? 0;
  return wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** Each grapheme cluster of a text with its width in terminal cells. */
export function* graphemes(text: string): Generator<{ cluster: string; width: number }> {
  for (const { segment } of segmenter.segment(text)) yield { cluster: segment, width: clusterWidth(segment) };
}

/** The width of a text in terminal cells. */
export function displayWidth(text: string): number {
  // ASCII without control characters is what almost every definition is made of.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += grapheme.width;
  return width;
}
