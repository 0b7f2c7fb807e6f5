import { evaluate } from "../evaluate.ts";
import type { EvaluateLimits } from "../evaluate-limits.ts";
import type { Evaluation } from "../evaluation.ts";
import { toPlainJson } from "../to-json.ts";
import { simpleSurroundings } from "./simple-surroundings.ts";

export interface EvaluatedText {
  evaluation: Evaluation;
  /** Values with secrets shown; undefined when nothing was evaluated. */
  revealed: unknown;
  /** Values as they may be shown. */
  redacted: unknown;
  /** `severity path: summary`. */
  problems: string[];
}

export interface EvaluateTextOptions {
  mode?: "check" | "open" | "rotate";
  environments?: Readonly<Record<string, string>>;
  limits?: Partial<EvaluateLimits>;
  name?: string;
  rotatePaths?: readonly string[];
  showSecrets?: boolean;
}

/** Evaluates a text in simple surroundings and says in short what came of it. */
export async function evaluateText(source: string, options: EvaluateTextOptions = {}): Promise<EvaluatedText> {
  const { environments = {}, mode = "open", name = "root", ...rest } = options;
  const evaluation = await evaluate({ name, source, mode, surroundings: simpleSurroundings(environments), ...rest });
  const { environment, diagnostics } = evaluation;
  const show = (reveal: boolean): unknown => {
    if (environment === undefined) return undefined;
    const nowhere = { line: 0, column: 0, byte: 0 };
    const trace = { def: { begin: nowhere, end: nowhere } };
    return JSON.parse(JSON.stringify(toPlainJson({ value: environment.properties, trace }, { reveal })));
  };
  const problems = diagnostics.map(({ severity, path = "", summary }) => `${severity} ${path}: ${summary}`);
  return { evaluation, revealed: show(true), redacted: show(false), problems };
}
