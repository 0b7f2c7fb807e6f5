import { isDeepStrictEqual } from "node:util";
import { evaluate } from "../evaluate.ts";
import { defaultLimits } from "../evaluate-limits.ts";
import { loadDefinition } from "../eval/load-definition.ts";
import type { EscDiagnostic, EscEnvironment, Evaluation, RotationPatch } from "../evaluation.ts";
import { compareText } from "../text/compare-text.ts";
import { toJsonObject, toPlainData } from "../to-json.ts";
import { toWire, valueToWire } from "../to-wire.ts";
import { parseExactJson } from "./conformance-case.ts";
import type { ConformanceCase } from "./conformance-case.ts";

/** L1 values; L2 and diagnostics; L3 and positions, flags and traces. Each level takes in the one before. */
export interface CaseScore {
  l1: boolean;
  l2: boolean;
  l3: boolean;
  /** What differs, as `expected key: path`. */
  failures: string[];
}

const phases = [
  ["check", "checkDiags", "check"],
  ["open", "evalDiags", "eval"],
  ["rotate", "rotateDiags", "rotate"],
] as const;

/** Evaluates a case in all its phases and compares with what is expected. */
export async function scoreCase(testCase: ConformanceCase): Promise<CaseScore> {
  const { expected } = testCase;
  const loaded = loadDefinition(testCase.environment, testCase.source, defaultLimits).diagnostics;
  const values: string[] = [];
  const diagnostics = compareDiagnostics(expected, "loadDiags", loaded);
  const details: string[] = [];
  for (const [mode, diagnosticsKey, environmentKey] of phases) {
    if (mode === "rotate" && !testCase.rotates) continue;
    const evaluation = await evaluateCase(testCase, mode);
    const own = evaluation.diagnostics.slice(loaded.length);
    values.push(...compareValues(testCase, mode, evaluation));
    diagnostics.push(...compareDiagnostics(expected, diagnosticsKey, own));
    const { environment } = evaluation;
    const wire = environment && exact(toWire(environment));
    details.push(...compare(environmentKey, expected[environmentKey], wire));
  }
  details.push(...diagnostics.filter((failure) => failure.includes(" ranges")));
  const summaries = diagnostics.filter((failure) => !failure.includes(" ranges"));
  const l1 = values.length === 0;
  const l2 = l1 && summaries.length === 0;
  return { l1, l2, l3: l2 && details.length === 0, failures: [...values, ...summaries, ...details] };
}

function evaluateCase(testCase: ConformanceCase, mode: "check" | "open" | "rotate"): Promise<Evaluation> {
  const { environment: name, source, surroundings, rotatePaths, showSecrets } = testCase;
  return evaluate({ name, source, mode, surroundings, rotatePaths, showSecrets: showSecrets || mode !== "check" });
}

function compareValues({ expected }: ConformanceCase, mode: string, evaluation: Evaluation): string[] {
  const { environment, patches } = evaluation;
  if (mode === "check") return compare("checkJson", expected["checkJson"], plain(environment, false));
  if (mode === "rotate") {
    const failures = compare(
      "rotatePatches",
      withoutTraces(expected["rotatePatches"] ?? []),
      withoutTraces(patchesToWire(patches)),
    );
    if (expected["rotateJson"] !== undefined) {
      failures.push(...compare("rotateJson", expected["rotateJson"], plain(environment, false)));
    }
    return failures;
  }
  const revealed = expected["evalJSONRevealed"] ?? expected["evalJsonRevealed"];
  const redacted = expected["evalJsonRedacted"] ?? expected["evalJSONRedacted"];
  return [
    ...compare("evalJsonRedacted", redacted, plain(environment, false)),
    ...compare("evalJSONRevealed", revealed, plain(environment, true)),
  ];
}

function plain(environment: EscEnvironment | undefined, reveal: boolean): unknown {
  if (environment === undefined) return undefined;
  const properties = [...environment.properties].map(([key, value]) => [key, toPlainData(value, { reveal })] as const);
  return exact(toJsonObject(new Map(properties)));
}

function exact(json: unknown): unknown {
  return parseExactJson(JSON.stringify(json));
}

function patchesToWire(patches: readonly RotationPatch[]): unknown {
  const sorted = [...patches].sort((a, b) => compareText(a.documentPath, b.documentPath));
  return exact(
    sorted.map(({ documentPath, replacement }) => ({
      DocPath: documentPath,
      Replacement: valueToWire(replacement),
    })),
  );
}

function withoutTraces(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutTraces);
  if (typeof json !== "object" || json === null) return json;
  const entries = Object.entries(json).filter(([key]) => key !== "trace");
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutTraces(value)]));
}

function compareDiagnostics(
  expected: Record<string, unknown>,
  key: string,
  actual: readonly EscDiagnostic[],
): string[] {
  const wanted = (expected[key] ?? []) as Record<string, unknown>[];
  const own = exact(actual.map(toExpectedForm)) as Record<string, unknown>[];
  const short = ({ Summary, Path, Severity }: Record<string, unknown>): unknown => ({ Summary, Path, Severity });
  const summaries = compare(key, sorted(wanted.map(short)), sorted(own.map(short)));
  if (summaries.length > 0) return summaries;
  const ranged = ({ Summary, Path, Subject }: Record<string, unknown>): unknown => ({ Summary, Path, Subject });
  return compare(`${key} ranges`, sorted(wanted.map(ranged)), sorted(own.map(ranged)));
}

function toExpectedForm({ severity, summary, path = "", range }: EscDiagnostic): unknown {
  const position = ({ line, column, byte }: { line: number; column: number; byte: number }): unknown => ({
    Line: line,
    Column: column,
    Byte: byte,
  });
  const Subject = range && {
    Filename: range.environment ?? "",
    Start: position(range.begin),
    End: position(range.end),
  };
  return { Severity: severity === "error" ? 1 : 2, Summary: summary, Path: path, Subject: Subject ?? null };
}

function sorted(items: unknown[]): unknown[] {
  const text = (item: unknown): string => JSON.stringify(sortKeys(item));
  return items.map(sortKeys).sort((a, b) => compareText(text(a), text(b)));
}

function sortKeys(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortKeys);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, value]) => [key, sortKeys(value)]),
  );
}

/** Where two pieces of JSON differ first; empty when they do not. */
function compare(label: string, expected: unknown, actual: unknown): string[] {
  const left = sortKeys(expected);
  const right = sortKeys(actual);
  if (isDeepStrictEqual(left, right)) return [];
  return [`${label}${firstDifference(left, right)}`];
}

function firstDifference(expected: unknown, actual: unknown): string {
  const areObjects = [expected, actual].every((side) => typeof side === "object" && side !== null);
  if (!areObjects || Array.isArray(expected) !== Array.isArray(actual)) {
    return `: expected ${shorten(expected)}, got ${shorten(actual)}`;
  }
  const left = expected as Record<string, unknown>;
  const right = actual as Record<string, unknown>;
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const key = keys.find((candidate) => !isDeepStrictEqual(left[candidate], right[candidate]));
  return key === undefined ? ": differ in form" : `.${key}${firstDifference(left[key], right[key])}`;
}

function shorten(json: unknown): string {
  return (JSON.stringify(json) ?? "nothing").slice(0, 200);
}
