const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

// Unicode's East Asian Width W and F, in ranges wide enough to ignore unassigned code points.
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4c6],
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

const pictograph = /^\p{Extended_Pictographic}/u;
const emoji = /^\p{Emoji_Presentation}/u;
const regionalIndicator = /^\p{Regional_Indicator}/u;
// What joins the character before it, or is only an instruction.
const invisible =
  /^[\p{Cc}\p{Mn}\p{Me}\p{Zl}\p{Zp}\p{Emoji_Modifier}\u{00AD}\u{200B}-\u{200F}\u{2060}-\u{206F}\u{FEFF}]/u;

function characterWidth(character: string): number {
  if (invisible.test(character)) return 0;
  const code = character.codePointAt(0) ?? 0;
  return wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** The cells that one grapheme cluster takes on a terminal. */
function clusterWidth(cluster: string): number {
  if (regionalIndicator.test(cluster)) return 2;
  if (pictograph.test(cluster)) {
    if (cluster.includes("\u{FE0F}")) return 2;
    return emoji.test(cluster) && !cluster.includes("\u{FE0E}") ? 2 : 1;
  }
  const [first = "", ...rest] = cluster;
  const width = characterWidth(first);
  // The vowels and finals of a Hangul syllable take no cells of their own.
  if (/^[\u{1100}-\u{115f}\u{a960}-\u{a97c}]/u.test(first)) return width;
  return rest.reduce((sum, character) => sum + characterWidth(character), width);
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
