import type { EscDiagnostic } from "../evaluation.ts";
import type { EvaluateLimits } from "../evaluate-limits.ts";
import { parseEnvironment } from "../parse/parse-environment.ts";
import type { EnvironmentDeclaration } from "../parse/parse-environment.ts";
import { decodeYaml } from "../syntax/decode-yaml.ts";

export interface LoadedDefinition {
  declaration: EnvironmentDeclaration;
  /** False when the text is no YAML that ESC reads: then there is nothing to evaluate. */
  isReadable: boolean;
  diagnostics: EscDiagnostic[];
}

/** A definition's text → what it declares. Never throws. */
export function loadDefinition(name: string, source: string, limits: EvaluateLimits): LoadedDefinition {
  const empty: EnvironmentDeclaration = { imports: [], values: [] };
  if (Buffer.byteLength(source) > limits.sourceBytes) {
    const begin = { line: 1, column: 1, byte: 0 };
    const summary = `the definition is longer than ${limits.sourceBytes} bytes`;
    const range = { environment: name, begin, end: begin };
    return { declaration: empty, isReadable: false, diagnostics: [{ severity: "error", summary, range }] };
  }
  const { node, diagnostics } = decodeYaml(name, source, limits.depth);
  if (diagnostics.some(({ severity }) => severity === "error")) {
    return { declaration: empty, isReadable: false, diagnostics };
  }
  return { declaration: parseEnvironment(node, diagnostics), isReadable: true, diagnostics };
}
