/** Bytes → text. Order: byte order mark, HTTP header, declaration in the document, UTF-8 if valid, windows-1252. */
export function decodeText(body: Uint8Array, contentType: string | undefined): string {
  const label = charsetFromMark(body) ?? charsetFromHeader(contentType) ?? charsetFromDocument(body);
  const named = label === undefined ? undefined : createDecoder(label);
  // Many servers announce Latin-1 for what is UTF-8; valid multi-byte UTF-8 is never Latin-1 by chance.
  if (named === undefined || named.encoding === "windows-1252") {
    const text = decodeStrictly(body);
    if (text !== undefined) return text;
  }
  return (named ?? new TextDecoder("windows-1252")).decode(body);
}

function charsetFromMark(body: Uint8Array): string | undefined {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return "utf-8";
  if (body[0] === 0xfe && body[1] === 0xff) return "utf-16be";
  if (body[0] === 0xff && body[1] === 0xfe) return "utf-16le";
  return undefined;
}

function charsetFromHeader(contentType: string | undefined): string | undefined {
  return /charset\s*=\s*["']?([\w.:-]{1,40})/i.exec(contentType ?? "")?.[1];
}

/** `<meta charset>`, `<meta http-equiv content>` or an XML declaration in the first 4 KiB. */
function charsetFromDocument(body: Uint8Array): string | undefined {
  const head = Buffer.from(body.subarray(0, 4096)).toString("latin1");
  const label =
    /<meta[^>]{0,400}?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i.exec(head)?.[1] ??
    /^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/i.exec(head)?.[1];
  // A document that could be read this far as ASCII is not UTF-16, whatever it says (WHATWG HTML, 13.2.3.2).
  return label && /^utf-?16/i.test(label) ? "utf-8" : label;
}

function createDecoder(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

function decodeStrictly(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}
