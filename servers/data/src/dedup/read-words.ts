import { hash as digest } from "node:crypto";

/** A text as numbers: one 32-bit hash for each word, in the text's order. */
export interface TextWords {
  words: Uint32Array;
  /** 1 where the word of the same place holds a digit: an amount, a date, a model number. */
  figures: Uint8Array;
  /** Hex sha256 of the folded words: equal for texts that differ in case, width, accents, punctuation and space only. */
  textHash: string;
}

/** Longer texts are compared by their first part: 2 million UTF-16 units. */
const maxTextLength = 2_000_000;
const separator = 0;
/** Invisible inside words: soft hyphen, zero-width characters, variation selectors, byte order mark. */
const skipped = 1;
const digit = 2;
const letter = 3;
/** A character of a script that writes no spaces: a word of its own. */
const ideograph = 4;

interface CharacterTable {
  kinds: Uint8Array;
  /** Code unit → the unit without case and accents. */
  folded: Uint16Array;
}

let table: CharacterTable | undefined;

/**
 * Text → hashes of its words, with case, width, accents, punctuation and space folded. Digits joined by a point or comma
 * are one word: "1,000.50". Han, kana, Thai, Lao, Khmer and Myanmar are read character by character.
 */
export function readWords(text: string): TextWords {
  const { kinds, folded } = (table ??= buildTable());
  const cut = (text.length > maxTextLength ? text.slice(0, maxTextLength) : text).normalize("NFKC");
  const { bytes, source, words, figures, units } = roomFor(cut.length);
  bytes.write(cut, "utf16le");
  const length = cut.length;
  let count = 0;
  let end = 0;
  let seen = 0;
  let index = 0;
  while (index < length) {
    const started = kinds[source[index]!]!;
    if (started <= skipped) {
      index += 1;
      continue;
    }
    let hash = 0;
    let hasDigit = 0;
    const from = end;
    for (; index < length; index += 1) {
      const code = source[index]!;
      const kind = kinds[code]!;
      if (kind === skipped) continue;
      if (kind === separator) {
        const joins =
          hasDigit === 1 && (code === 46 || code === 44) && index + 1 < length && kinds[source[index + 1]!] === digit;
        if (joins) continue;
        break;
      }
      if (kind === ideograph && end > from) break;
      const unit = folded[code]!;
      units[end++] = unit;
      seen |= unit;
      hash = Math.imul(hash ^ unit, 0x01_00_01_93) ^ (hash >>> 15);
      if (kind === digit) hasDigit = 1;
      if (kind === ideograph) {
        index += 1;
        break;
      }
    }
    words[count] = mix(hash ^ (end - from));
    figures[count] = hasDigit;
    count += 1;
    units[end++] = 32;
  }
  return {
    words: words.slice(0, count),
    figures: figures.slice(0, count),
    textHash: hashUnits(units.subarray(0, end), seen < 256),
  };
}

/** Latin text as one byte for each unit, which is half the work; the same text always takes the same way. */
function hashUnits(units: Uint16Array, isNarrow: boolean): string {
  if (!isNarrow) return digest("sha256", new Uint8Array(units.buffer, 0, units.byteLength), "hex");
  const bytes = narrow.length < units.length ? new Uint8Array(units.length) : narrow.subarray(0, units.length);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = units[index]!;
  return digest("sha256", bytes, "hex");
}

const narrow = new Uint8Array(32_768);

interface Room {
  bytes: Buffer;
  /** The same memory as `bytes`. */
  source: Uint16Array;
  words: Uint32Array;
  figures: Uint8Array;
  /** The folded text, for its hash: each unit of the source gives at most itself and a space. */
  units: Uint16Array;
}

let room = makeRoom(16_384);

/** One piece of memory for texts of usual length: to take it anew costs as much as reading one. */
function roomFor(length: number): Room {
  if (length <= room.source.length) return room;
  const larger = makeRoom(length);
  if (length <= 262_144) room = larger;
  return larger;
}

function makeRoom(length: number): Room {
  const source = new Uint16Array(length);
  return {
    bytes: Buffer.from(source.buffer),
    source,
    words: new Uint32Array(length),
    figures: new Uint8Array(length),
    units: new Uint16Array(length * 2),
  };
}

/** Spreads a 32-bit number over all its bits: the finaliser of MurmurHash3. */
export function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85_eb_ca_6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2_b2_ae_35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function buildTable(): CharacterTable {
  const kinds = new Uint8Array(65_536);
  const folded = new Uint16Array(65_536);
  for (let code = 0; code < 65_536; code += 1) {
    // Beyond the 16-bit plane only rare ideographs are words; their first half says which, the second is passed over.
    if (code >= 0xd8_00 && code <= 0xdf_ff) {
      kinds[code] = code >= 0xdc_00 ? skipped : code >= 0xd8_40 && code <= 0xd8_8f ? letter : separator;
      folded[code] = code;
      continue;
    }
    const character = String.fromCharCode(code);
    kinds[code] = kindOf(character);
    folded[code] = kinds[code]! > skipped ? foldCharacter(character) : 0;
  }
  return { kinds, folded };
}

function kindOf(character: string): number {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(character)) return ideograph;
  if (/[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(character)) return ideograph;
  if (/\p{Nd}/u.test(character)) return digit;
  if (/[\p{L}\p{N}]/u.test(character)) return letter;
  return /[\p{M}\p{Cf}]/u.test(character) ? skipped : separator;
}

function foldCharacter(character: string): number {
  const bare = character.toLowerCase().normalize("NFKD");
  return /\p{Script=Hangul}/u.test(character) ? character.charCodeAt(0) : bare.charCodeAt(0);
}
