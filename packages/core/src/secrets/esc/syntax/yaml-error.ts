import { Composer } from "yaml";
import type { CST, YAMLParseError } from "yaml";
import type { PositionIndex } from "./position-index.ts";

interface Problem {
  words: string;
  /** Errors of the scanner count lines from 1, those of the parser from 0. */
  isScanner: boolean;
  /** Where it is, when that is not the place of the error. */
  offset?: number;
  /** Where the thing starts that could not be read. Its line is the one that is told, unless it is the first. */
  context?: number | undefined;
}

interface Place {
  source: string;
  tokens: readonly CST.Token[];
  /** Offset of the quoted scalar that has no end, when one has none. */
  lastQuoteAt: number | undefined;
}

/** The first error of the first document in the words of the YAML library that ESC is defined by, or undefined. */
export function findYamlError(
  source: string,
  tokens: readonly CST.Token[],
  { positions, lastQuoteAt }: { positions: PositionIndex; lastQuoteAt: number | undefined },
): string | undefined {
  const composer = new Composer({ uniqueKeys: false, schema: "failsafe", logLevel: "silent" });
  const { value: document } = composer.compose(tokens, true, source.length).next();
  const error = document?.errors.find(({ code }) => code !== "BAD_ALIAS");
  if (error === undefined) return undefined;
  const { words, isScanner, offset, context } = describe(error, { source, tokens, lastQuoteAt });
  const lineOf = (at: number): number => positions.locate(Math.min(at, source.length)).line - 1;
  const lineIndex = (context === undefined ? 0 : lineOf(context)) || lineOf(offset ?? error.pos[0]);
  const where = lineIndex === 0 ? "" : `line ${isScanner ? lineIndex + 1 : lineIndex}: `;
  return `yaml: ${where}${words}`;
}

const notAllowed = "mapping values are not allowed in this context";
const scannerProblems: Partial<Record<YAMLParseError["code"], string>> = {
  TAB_AS_INDENT: "found character that cannot start any token",
  BAD_SCALAR_START: "found character that cannot start any token",
  KEY_OVER_1024_CHARS: "could not find expected ':'",
  BLOCK_IN_FLOW: notAllowed,
};

// By what the message of the parser at hand begins with or contains.
const problemsByMessage: readonly { pattern: RegExp; words: string; isScanner: boolean }[] = [
  { pattern: /^Unexpected , in flow/, words: "did not find expected node content", isScanner: false },
  { pattern: /block-seq-ind/, words: "block sequence entries are not allowed in this context", isScanner: true },
  { pattern: /^Nested mappings are not allowed/, words: notAllowed, isScanner: true },
  { pattern: /^Sequence item without/, words: "did not find expected '-' indicator", isScanner: false },
  { pattern: /^Implicit map keys need/, words: "could not find expected ':'", isScanner: true },
];

function describe(error: YAMLParseError, place: Place): Problem {
  const { source, lastQuoteAt } = place;
  const [start, end] = error.pos;
  const words = scannerProblems[error.code];
  if (words !== undefined && source[start] !== ",") return { words, isScanner: true };
  if (error.code === "BAD_DQ_ESCAPE") return describeEscape(error, place);
  if (error.code === "BLOCK_AS_IMPLICIT_KEY") {
    if (error.message.startsWith("A block sequence")) return describeOddItem(start, place);
    const colon = source.slice(start).search(/:(?:\s|$)/);
    return describeLongKey(start, start + Math.max(colon, 0), source);
  }
  if (error.code === "MULTILINE_IMPLICIT_KEY" && !/^-\s/.test(source.slice(start, start + 2))) {
    return describeLongKey(start, end, source);
  }
  if (error.message.startsWith("Missing closing")) {
    return {
      words: "found unexpected end of stream",
      isScanner: true,
      offset: source.length,
      context: lastQuoteAt ?? source.length,
    };
  }
  if (error.message.startsWith("All mapping items")) return describeOddItem(start, place);
  const inFlow = describeInFlow(error, place);
  if (inFlow !== undefined) return inFlow;
  const known = problemsByMessage.find(({ pattern }) => pattern.test(error.message));
  return known ?? describeOther(start, source);
}

function describeEscape(error: YAMLParseError, { lastQuoteAt }: Place): Problem {
  const isNumber = /\\[xuU]/.test(error.message);
  return {
    words: isNumber ? "did not find expected hexdecimal number" : "found unknown escape character",
    isScanner: true,
    ...(lastQuoteAt === undefined || lastQuoteAt > error.pos[0] ? {} : { context: lastQuoteAt }),
  };
}

/** A key among the items of a list, or an item among the keys of a mapping. */
function describeOddItem(at: number, { source }: Place): Problem {
  const block = findBlock(source, at);
  const isList = block.hasSiblings && source.startsWith("-", block.start);
  return {
    words: `did not find expected ${isList ? "'-' indicator" : "key"}`,
    isScanner: false,
    context: block.hasSiblings ? block.start : block.outer,
  };
}

interface Block {
  /** Where the first of its lines starts, blanks left out. */
  start: number;
  /** There are lines before the one looked at. */
  hasSiblings: boolean;
  /** The start of the block around it. */
  outer: number;
}

/** The mapping or list that the line of an offset belongs to, by indentation. */
function findBlock(source: string, at: number): Block {
  const lineStart = source.slice(0, at).lastIndexOf("\n") + 1;
  const own = lineStart + indentAt(source, lineStart);
  const indent = own - lineStart;
  const block: Block = { start: own, hasSiblings: false, outer: own };
  for (let start = previousLine(source, lineStart); start !== undefined; start = previousLine(source, start)) {
    const outer = indentAt(source, start);
    if (/[\n#]/.test(source[start + outer] ?? "") || outer > indent) continue;
    if (outer < indent) return { ...block, outer: findBlock(source, start + outer).start };
    block.start = start + outer;
    block.hasSiblings = true;
  }
  return block;
}

function indentAt(source: string, lineStart: number): number {
  return Math.max(source.slice(lineStart).search(/[^ ]/), 0);
}

function previousLine(source: string, lineStart: number): number | undefined {
  return lineStart === 0 ? undefined : source.slice(0, lineStart - 1).lastIndexOf("\n") + 1;
}

function isFirstOnLine(source: string, at: number): boolean {
  return /(?:^|\n) *$/.test(source.slice(0, at));
}

/** A key that goes on over lines: one of a mapping has to have its colon, anything else must not have one. */
function describeLongKey(start: number, colonAt: number, source: string): Problem {
  if (isFirstOnLine(source, start) && findBlock(source, start).hasSiblings) {
    return { words: "could not find expected ':'", isScanner: true, context: start, offset: start };
  }
  return { words: notAllowed, isScanner: true, offset: colonAt };
}

/** Something that stands where a key should. */
function describeOther(at: number, source: string): Problem {
  if (/[\]},]/.test(source[at] ?? "") && /[:-]$/.test(source.slice(0, at).trimEnd())) {
    return { words: "did not find expected node content", isScanner: false, context: at };
  }
  const block = findBlock(source, at);
  const context = isFirstOnLine(source, at) ? block.outer : block.start;
  return { words: "did not find expected key", isScanner: false, context };
}

/** What is wrong within brackets or braces, if the error is in some. */
function describeInFlow({ message, pos: [at] }: YAMLParseError, { source, tokens }: Place): Problem | undefined {
  if (message.startsWith("Unexpected , in flow")) return undefined;
  const around = flowAround(tokens, at);
  if (around === undefined) return undefined;
  const before = source.slice(0, at).trimEnd().at(-1) ?? "";
  const isAtEnd = source.slice(at).trim() === "";
  if ((isAtEnd || /[\]}]/.test(source[at] ?? "")) && "[{,:".includes(before)) {
    return { words: "did not find expected node content", isScanner: false, context: isAtEnd ? source.length : at };
  }
  const closing = source[around.offset] === "[" ? "]" : "}";
  return { words: `did not find expected ',' or '${closing}'`, isScanner: false, context: around.offset };
}

/** The innermost list in brackets, or mapping in braces, that an offset lies in. */
function flowAround(tokens: readonly CST.Token[], at: number): CST.FlowCollection | undefined {
  let innermost: CST.FlowCollection | undefined;
  const pending: CST.Token[] = [...tokens];
  for (let token = pending.pop(); token !== undefined; token = pending.pop()) {
    if (token.type === "document" && token.value) pending.push(token.value);
    if (!("items" in token)) continue;
    for (const { key, value } of token.items) {
      if (key) pending.push(key);
      if (value) pending.push(value);
    }
    if (token.type !== "flow-collection" || token.offset >= at) continue;
    const end = token.end.find(({ type }) => type === "flow-map-end" || type === "flow-seq-end");
    if ((end?.offset ?? at) >= at && token.offset > (innermost?.offset ?? -1)) innermost = token;
  }
  return innermost;
}
