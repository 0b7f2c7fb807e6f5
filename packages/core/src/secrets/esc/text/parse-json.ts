import type { EscRepr, EscValue } from "../value.ts";
import { quote } from "./quote.ts";
import { textToBytes } from "./text-bytes.ts";

const maxJsonDepth = 500;
const nowhere = { line: 0, column: 0, byte: 0 };
const trace = { def: { begin: nowhere, end: nowhere } };

interface Parser {
  text: string;
  at: number;
}

class JsonError extends Error {}

/**
 * The first JSON value of a text, numbers by their text; what follows it is not looked at. The error has the wording
 * of Go's `encoding/json`, which quotes one character of the text at most.
 */
export function parseJson(text: string): { value: EscValue } | { error: string } {
  const parser: Parser = { text, at: 0 };
  try {
    skipSpace(parser);
    if (parser.at >= text.length) return { error: "EOF" };
    return { value: parseValue(parser, 0) };
  } catch (thrown) {
    if (thrown instanceof JsonError) return { error: thrown.message };
    throw thrown;
  }
}

function toValue(value: EscRepr): EscValue {
  return { value, trace };
}

function skipSpace(parser: Parser): void {
  while (" \t\r\n".includes(parser.text[parser.at] ?? "x")) parser.at += 1;
}

function peek(parser: Parser): string {
  const character = parser.text[parser.at];
  if (character === undefined) throw new JsonError("unexpected EOF");
  return character;
}

function fail(parser: Parser, context: string): never {
  const code = textToBytes(parser.text.slice(parser.at, parser.at + 2))[0] ?? 0;
  throw new JsonError(`invalid character ${quoteByte(code)} ${context}`);
}

function quoteByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  return `'${quote(character).slice(1, -1)}'`;
}

function parseValue(parser: Parser, depth: number): EscValue {
  if (depth > maxJsonDepth) throw new JsonError("exceeded max depth");
  skipSpace(parser);
  const character = peek(parser);
  if (character === "{") return toValue(parseObject(parser, depth));
  if (character === "[") return toValue(parseArray(parser, depth));
  if (character === '"') return toValue(parseString(parser));
  if (character === "t") return toValue(parseWord(parser, "true", true));
  if (character === "f") return toValue(parseWord(parser, "false", false));
  if (character === "n") return toValue(parseWord(parser, "null", null));
  if (/[-0-9]/.test(character)) return toValue({ number: parseNumber(parser) });
  return fail(parser, "looking for beginning of value");
}

function parseObject(parser: Parser, depth: number): Map<string, EscValue> {
  const object = new Map<string, EscValue>();
  parser.at += 1;
  skipSpace(parser);
  if (peek(parser) === "}") {
    parser.at += 1;
    return object;
  }
  for (;;) {
    skipSpace(parser);
    if (peek(parser) !== '"') fail(parser, "looking for beginning of object key string");
    const key = parseString(parser);
    skipSpace(parser);
    if (peek(parser) !== ":") fail(parser, "after object key");
    parser.at += 1;
    object.set(key, parseValue(parser, depth + 1));
    skipSpace(parser);
    const next = peek(parser);
    if (next !== "," && next !== "}") fail(parser, "after object key:value pair");
    parser.at += 1;
    if (next === "}") return object;
  }
}

function parseArray(parser: Parser, depth: number): EscValue[] {
  const array: EscValue[] = [];
  parser.at += 1;
  skipSpace(parser);
  if (peek(parser) === "]") {
    parser.at += 1;
    return array;
  }
  for (;;) {
    array.push(parseValue(parser, depth + 1));
    skipSpace(parser);
    const next = peek(parser);
    if (next !== "," && next !== "]") fail(parser, "after array element");
    parser.at += 1;
    if (next === "]") return array;
  }
}

function parseWord<Value>(parser: Parser, word: string, value: Value): Value {
  for (const [index, letter] of word.split("").entries()) {
    if (index > 0 && peek(parser) !== letter)
      fail(parser, `in literal ${word} (expecting ${quoteByte(letter.charCodeAt(0))})`);
    parser.at += 1;
  }
  return value;
}

function parseNumber(parser: Parser): string {
  const start = parser.at;
  if (peek(parser) === "-") parser.at += 1;
  if (!/[0-9]/.test(peek(parser))) fail(parser, "in numeric literal");
  if (parser.text[parser.at] === "0") parser.at += 1;
  else skipDigits(parser);
  if (parser.text[parser.at] === ".") {
    parser.at += 1;
    if (!/[0-9]/.test(peek(parser))) fail(parser, "after decimal point in numeric literal");
    skipDigits(parser);
  }
  if (/[eE]/.test(parser.text[parser.at] ?? "")) {
    parser.at += 1;
    if (/[-+]/.test(peek(parser))) parser.at += 1;
    if (!/[0-9]/.test(peek(parser))) fail(parser, "in exponent of numeric literal");
    skipDigits(parser);
  }
  return parser.text.slice(start, parser.at);
}

function skipDigits(parser: Parser): void {
  while (/[0-9]/.test(parser.text[parser.at] ?? "")) parser.at += 1;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function parseString(parser: Parser): string {
  let text = "";
  parser.at += 1;
  for (;;) {
    const character = peek(parser);
    if (character < " ") fail(parser, "in string literal");
    parser.at += 1;
    if (character === '"') return text.toWellFormed();
    text += character === "\\" ? parseEscape(parser) : character;
  }
}

function parseEscape(parser: Parser): string {
  const character = peek(parser);
  if (character === "u") {
    parser.at += 1;
    const start = parser.at;
    while (parser.at < start + 4) {
      if (!/[0-9a-fA-F]/.test(peek(parser))) fail(parser, "in \\u hexadecimal character escape");
      parser.at += 1;
    }
    return String.fromCharCode(Number.parseInt(parser.text.slice(start, parser.at), 16));
  }
  const plain = Object.hasOwn(escapes, character) ? escapes[character] : undefined;
  if (plain === undefined) return fail(parser, "in string escape code");
  parser.at += 1;
  return plain;
}
