import { Composer } from "yaml";
import type { CST, YAMLParseError } from "yaml";
import type { PositionIndex } from "./position-index.ts";

interface Problem {
  words: string;
  /** Errors of the scanner count lines from 1, those of the parser from 0. */
  isScanner: boolean;
  /** What the line is told of, where that is not the place of the error. */
  offset?: number;
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
  const { words, isScanner, offset } = describe(error, source, lastQuoteAt);
  const lineIndex = positions.locate(Math.min(offset ?? error.pos[0], source.length)).line - 1;
  const where = lineIndex === 0 ? "" : `line ${isScanner ? lineIndex + 1 : lineIndex}: `;
  return `yaml: ${where}${words}`;
}

const notAllowed = "mapping values are not allowed in this context";
const scannerProblems: Partial<Record<YAMLParseError["code"], string>> = {
  BLOCK_AS_IMPLICIT_KEY: notAllowed,
  TAB_AS_INDENT: "found character that cannot start any token",
  BAD_SCALAR_START: "found character that cannot start any token",
  KEY_OVER_1024_CHARS: "could not find expected ':'",
  BAD_DQ_ESCAPE: "found unknown escape character",
  BLOCK_IN_FLOW: notAllowed,
};

// By what the message of the parser at hand begins with or contains.
const problemsByMessage: readonly { pattern: RegExp; words: string; isScanner: boolean }[] = [
  { pattern: /end with a \]|in flow collection.*\]/, words: "did not find expected ',' or ']'", isScanner: false },
  { pattern: /end with a \}/, words: "did not find expected ',' or '}'", isScanner: false },
  { pattern: /^Unexpected , in flow/, words: "did not find expected node content", isScanner: false },
  { pattern: /^Missing , between flow collection/, words: "did not find expected ',' or '}'", isScanner: false },
  { pattern: /block-seq-ind/, words: "block sequence entries are not allowed in this context", isScanner: true },
  { pattern: /^Nested mappings are not allowed/, words: notAllowed, isScanner: true },
  { pattern: /^Sequence item without/, words: "did not find expected '-' indicator", isScanner: false },
  { pattern: /^Implicit map keys need/, words: "could not find expected ':'", isScanner: true },
];

function describe(error: YAMLParseError, source: string, lastQuoteAt: number | undefined): Problem {
  const words = scannerProblems[error.code];
  if (words !== undefined) return { words, isScanner: true };
  if (error.code === "MULTILINE_IMPLICIT_KEY" && source[error.pos[0]] !== "-") {
    return { words: notAllowed, isScanner: true, offset: error.pos[1] };
  }
  if (error.message.startsWith("Missing closing")) {
    return { words: "found unexpected end of stream", isScanner: true, offset: lastQuoteAt ?? source.length };
  }
  const known = problemsByMessage.find(({ pattern }) => pattern.test(error.message));
  return known ?? { words: "did not find expected key", isScanner: false };
}
