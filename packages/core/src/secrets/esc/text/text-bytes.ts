const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes → text. A byte that is no UTF-8 becomes a lone surrogate U+DC80–U+DCFF, so that {@link textToBytes} gives the
 * same bytes back: what comes out of base64 need not be text.
 */
export function bytesToText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeWithEscapes(bytes);
  }
}

function decodeWithEscapes(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    const byte = bytes[at] as number;
    text += length === 0 ? String.fromCharCode(0xdc00 + byte) : strict.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** The length of the valid UTF-8 sequence at an offset, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  const length = byte < 0x80 ? 1 : byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
  if (length < 2) return length;
  if (at + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

/** Text → bytes, with what {@link bytesToText} escaped as it was. */
export function textToBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (const part of text.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/)) {
    const code = part.length === 1 ? part.charCodeAt(0) : 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Uint8Array.of(code - 0xdc00) : Buffer.from(part));
  }
  return Buffer.concat(parts);
}

/** The length of a text in bytes. */
export function byteLength(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text) : textToBytes(text).length;
}
