import { formatFloat } from "../text/format-float.ts";
import type { EscNumber } from "../value.ts";

export type ScalarValue = null | boolean | string | EscNumber;

export type ScalarResult = { value: ScalarValue } | { error: string };

const words = new Map<string, { tag: string; value: ScalarValue }>(
  (
    [
      ["!!bool", true, ["true", "True", "TRUE"]],
      ["!!bool", false, ["false", "False", "FALSE"]],
      ["!!null", null, ["", "~", "null", "Null", "NULL"]],
      ["!!float", { number: "NaN" }, [".nan", ".NaN", ".NAN"]],
      ["!!float", { number: "+Inf" }, [".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"]],
      ["!!float", { number: "-Inf" }, ["-.inf", "-.Inf", "-.INF"]],
    ] as [string, ScalarValue, string[]][]
  ).flatMap(([tag, value, spellings]) => spellings.map((spelling) => [spelling, { tag, value }] as const)),
);

const knownTags = new Set(["!!bool", "!!int", "!!float", "!!null", "!!timestamp"]);
const floatForm = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const timestampForm = /^\d{4}-\d\d?-\d\d?(?:[Tt ]+\d\d?:\d\d?:\d\d?(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?$/;

/**
 * What a scalar means to the YAML library that ESC is defined by: YAML 1.1's octals and underscores, 1.2's booleans.
 * Numbers come out in canonical text.
 */
export function resolveScalar(text: string, isPlain: boolean, tag: string | undefined): ScalarResult {
  if (tag === "!!str" || (tag === undefined && !isPlain)) return { value: text };
  if (tag === "!!binary") return decodeBinary(text);
  if (tag !== undefined && !knownTags.has(tag)) return { value: text };
  const found = resolvePlain(text, tag);
  if (tag === undefined || tag === found.tag) return { value: found.value };
  if (tag === "!!float" && found.tag === "!!int") {
    return { value: { number: formatFloat(Number((found.value as EscNumber).number)) } };
  }
  return { error: `yaml: cannot decode ${found.tag} \`${text}\` as a ${tag}` };
}

function resolvePlain(text: string, tag: string | undefined): { tag: string; value: ScalarValue } {
  const asText = { tag: "!!str", value: text };
  if (text !== "" && !/^[-+0-9yYnNtTfFoO~.]/.test(text)) return asText;
  const word = words.get(text);
  if (word !== undefined) return word;
  if (text.startsWith(".")) return parseFloatText(text) ?? asText;
  if (!/^[-+0-9]/.test(text)) return asText;
  if ((tag === undefined || tag === "!!timestamp") && timestampForm.test(text)) {
    // A point in time has no place in an environment: it stays the text that it was.
    return { tag: "!!timestamp", value: text };
  }
  const plain = text.replaceAll("_", "");
  const integer = parseInteger(plain);
  if (integer !== undefined) return { tag: "!!int", value: { number: integer.toString() } };
  return parseFloatText(plain) ?? asText;
}

function parseFloatText(text: string): { tag: string; value: EscNumber } | undefined {
  if (!floatForm.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? { tag: "!!float", value: { number: formatFloat(value) } } : undefined;
}

/** Decimal, 0x, 0b, 0o and leading-zero octal, as far as 64 bits go. */
function parseInteger(text: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]+|0|[1-9][0-9]*)$/.exec(text);
  if (match === null) return undefined;
  const digits = match[2] ?? "";
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === "-" ? -magnitude : magnitude;
  const fits = value >= -(2n ** 63n) && value < (match[1] === "" ? 2n ** 64n : 2n ** 63n);
  return fits ? value : undefined;
}

function decodeBinary(text: string): ScalarResult {
  const compact = text.replaceAll(/[\r\n]/g, "");
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) {
    return { error: "yaml: !!binary value contains invalid base64 data" };
  }
  // As ESC does it: the check is made, the text stays as it was written.
  return { value: text };
}
