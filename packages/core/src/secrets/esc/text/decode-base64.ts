const alphabet = /[A-Za-z0-9+/]/;

/** Standard base64 with padding; line breaks are skipped. The error names the offset of the first byte that is wrong. */
export function decodeBase64(text: string): { bytes: Uint8Array } | { error: string } {
  const isPlain = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  const wrongAt = isPlain ? undefined : findError(text);
  if (wrongAt !== undefined) return { error: `illegal base64 data at input byte ${wrongAt}` };
  return { bytes: Buffer.from(text.replaceAll(/[\r\n]/g, ""), "base64") };
}

function findError(text: string): number | undefined {
  const bytes = Buffer.from(text);
  const isBreak = (at: number): boolean => bytes[at] === 10 || bytes[at] === 13;
  let digits = 0;
  let at = 0;
  for (; at < bytes.length; at += 1) {
    if (isBreak(at)) continue;
    const character = String.fromCharCode(bytes[at] as number);
    if (character === "=") return findPaddingError(bytes, at, digits % 4);
    if (!alphabet.test(character)) return at;
    digits += 1;
  }
  const left = digits % 4;
  // An incomplete group is blamed on where it starts.
  return left === 0 ? undefined : bytes.length - left;
}

function findPaddingError(bytes: Uint8Array, at: number, digits: number): number | undefined {
  const skipBreaks = (from: number): number => {
    let next = from;
    while (bytes[next] === 10 || bytes[next] === 13) next += 1;
    return next;
  };
  if (digits < 2) return at;
  let next = skipBreaks(at + 1);
  if (digits === 2) {
    if (next >= bytes.length) return bytes.length;
    if (bytes[next] !== 61) return next - 1;
    next = skipBreaks(next + 1);
  }
  return next < bytes.length ? next : undefined;
}
