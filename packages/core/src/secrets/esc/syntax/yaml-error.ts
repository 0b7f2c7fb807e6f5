import { Composer } from "yaml";
import type { CST, YAMLParseError } from "yaml";
import type { PositionIndex } from "./position-index.ts";

/** The first error of the first document in the words of the YAML library that ESC is defined by, or undefined. */
export function findYamlError(source: string, tokens: readonly CST.Token[], positions: PositionIndex): string | undefined {
  const composer = new Composer({ uniqueKeys: false, schema: "failsafe", logLevel: "silent", keepSourceTokens: false });
  const { value: document } = composer.compose(tokens, true, source.length).next();
  const error = document?.errors.find(({ code }) => code !== "BAD_ALIAS");
  return error === undefined ? undefined : describe(error, source, positions);
}

function describe(error: YAMLParseError, source: string, positions: PositionIndex): string {
  const line = positions.locate(Math.min(error.pos[0], source.length)).line;
  return `yaml: line ${line}: ${wording(error, source)}`;
}

function wording({ code, message, pos }: YAMLParseError, source: string): string {
  switch (code) {
    case "BLOCK_AS_IMPLICIT_KEY":
      return "mapping values are not allowed in this context";
    case "TAB_AS_INDENT":
      return "found character that cannot start any token";
    case "MULTILINE_IMPLICIT_KEY":
    case "KEY_OVER_1024_CHARS":
      return "could not find expected ':'";
    case "BAD_DQ_ESCAPE":
      return "found unknown escape character";
    case "BAD_ALIAS":
      return "did not find expected alphabetic or numeric character";
    case "MISSING_CHAR":
      return missingCharacter(message, source[pos[0] - 1]);
    case "BAD_INDENT":
    case "UNEXPECTED_TOKEN":
      return message.startsWith("A block sequence may not be used as an implicit map key")
        ? "block sequence entries are not allowed in this context"
        : "did not find expected key";
    default:
      return "did not find expected key";
  }
}

function missingCharacter(message: string, before: string | undefined): string {
  const wanted = /Flow (map|sequence)/.exec(message)?.[1];
  if (wanted !== undefined) return `did not find expected ',' or '${wanted === "map" ? "}" : "]"}'`;
  if (/Missing closing/.test(message) || before === undefined) return "found unexpected end of stream";
  return "could not find expected ':'";
}
