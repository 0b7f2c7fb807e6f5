const maxDepth = 128;

export interface ParseOptions {
  /** Integers beyond 2^53 arrive as strings, digit for digit; otherwise they would be rounded. */
  keepBigIntegers?: boolean;
}

/**
 * JSON.parse for what others send. Throws also on what JSON.parse lets pass and what then differs from reader to
 * reader: a key twice in one object, `__proto__` as a key, nesting deep enough to break recursive code.
 * The error never quotes the text.
 */
export function parseJson(text: string, options: ParseOptions = {}): unknown {
  checkStructure(text);
  try {
    return options.keepBigIntegers ? JSON.parse(text, keepBigInteger) : JSON.parse(text);
  } catch {
    throw new SyntaxError("not JSON");
  }
}

// TypeScript's lib lacks the third argument of revivers (ES2025).
function keepBigInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
}

const quote = 0x22;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** One pass over the text; arrays of numbers cost almost nothing. Malformed text is left for JSON.parse to refuse. */
function checkStructure(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      const end = endOfString(text, index);
      const keys = open.at(-1);
      if (keys && isKey(text, end)) addKey(keys, text.slice(index + 1, end));
      index = end;
    } else if (code === openBrace || code === openBracket) {
      if (open.length >= maxDepth) throw new SyntaxError("nested too deep");
      open.push(code === openBrace ? new Set() : undefined);
    } else if (code === closeBrace || code === closeBracket) {
      open.pop();
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  throw new SyntaxError("not JSON");
}

function isKey(text: string, end: number): boolean {
  let next = end + 1;
  while (next < text.length && text.charCodeAt(next) <= 0x20) next++;
  return text.charCodeAt(next) === colon;
}

function addKey(keys: Set<string>, raw: string): void {
  const key = raw.includes("\\") ? unescape(raw) : raw;
  if (key === "__proto__") throw new SyntaxError("a key named __proto__");
  if (keys.has(key)) throw new SyntaxError("a key twice in one object");
  keys.add(key);
}

function unescape(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    throw new SyntaxError("not JSON");
  }
}
