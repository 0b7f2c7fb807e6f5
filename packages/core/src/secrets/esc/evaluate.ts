import { toAppError } from "../../errors/app-error.ts";
import { createScope, evaluateEnvironment, importEnvironment } from "./eval/evaluate-environment.ts";
import { evaluateExpression } from "./eval/evaluate-expression.ts";
import { createExpressionExporter } from "./eval/export-expression.ts";
import { exportProperties } from "./eval/export-value.ts";
import { loadDefinition } from "./eval/load-definition.ts";
import type { ValueNode } from "./eval/nodes.ts";
import { EvaluationLimitError } from "./eval/scope.ts";
import type { Run, Scope } from "./eval/scope.ts";
import { defaultLimits } from "./evaluate-limits.ts";
import type { EvaluateLimits } from "./evaluate-limits.ts";
import type { EscDiagnostic, EscEnvironment, Evaluation } from "./evaluation.ts";
import { fromPlainData } from "./from-plain.ts";
import { errorIn } from "./parse/diagnose.ts";
import { formatPropertyPath, parsePropertyPath } from "./property-path.ts";
import { mergeSchemas } from "./schema/merge-schemas.ts";
import type { ProviderContext, Surroundings } from "./surroundings.ts";
import type { EscValue } from "./value.ts";

export interface EvaluateOptions {
  /** The root environment's name; "<yaml>" for an anonymous one. */
  name: string;
  /** YAML text. */
  source: string;
  mode: "check" | "open" | "rotate";
  /** Mode "rotate": property paths below `values`; all when empty or absent. */
  rotatePaths?: readonly string[];
  /** Mode "check": decrypt static secrets, which are otherwise unknown. */
  showSecrets?: boolean;
  surroundings: Surroundings;
  limits?: Partial<EvaluateLimits>;
  signal?: AbortSignal;
}

/**
 * Evaluates an environment definition and all that it imports. Never throws for any text: what is wrong is in the
 * diagnostics. Throws invalid_input for a rotate path that is none, and timeout when cancelled.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const limits = { ...defaultLimits, ...options.limits };
  const { declaration, isReadable, diagnostics } = loadDefinition(options.name, options.source, limits);
  const evaluation: Evaluation = { diagnostics, rotations: [], patches: [] };
  const rotatePaths = new Set((options.rotatePaths ?? []).map(toDocumentPath));
  if (!isReadable || (declaration.values.length === 0 && declaration.imports.length === 0)) return evaluation;
  const { name, surroundings } = options;
  const run = createRun(options, limits);
  const context = rootContext(options);
  const { crypter } = surroundings;
  const scope = createScope({ run, name, declaration, crypter, context, isRoot: true, rotatePaths });
  try {
    const value = await evaluateEnvironment(scope);
    evaluation.environment = describeEnvironment(scope, value);
  } catch (thrown) {
    scope.diagnostics.push(describeEnd(run, scope, thrown));
  }
  diagnostics.push(...scope.diagnostics);
  evaluation.rotations = scope.rotations;
  evaluation.patches = scope.rotations.flatMap(({ patch }) => (patch === undefined ? [] : [patch]));
  return evaluation;
}

function toDocumentPath(path: string): string {
  return formatPropertyPath(["values", ...parsePropertyPath(path)]);
}

function createRun(options: EvaluateOptions, limits: EvaluateLimits): Run {
  return {
    mode: options.mode,
    decryptsSecrets: options.mode !== "check" || options.showSecrets === true,
    surroundings: options.surroundings,
    limits,
    signal: options.signal,
    nodesLeft: limits.nodes,
    textBytesLeft: limits.textBytes,
    environmentsLeft: limits.environments - 1,
    nesting: 0,
    imports: new Map(),
    evaluate: evaluateExpression,
    importEnvironment,
    at: undefined,
  };
}

function rootContext({ surroundings, signal }: EvaluateOptions): ProviderContext {
  const values = new Map<string, EscValue>();
  for (const [key, value] of Object.entries(surroundings.context)) values.set(key, fromPlainData(value));
  const context = { values, rootEnvironment: "", currentEnvironment: "" };
  return signal === undefined ? context : { ...context, signal };
}

function describeEnvironment(scope: Scope, value: ValueNode): EscEnvironment {
  const { name, root, contextValue } = scope;
  const exportExpressions = createExpressionExporter(name);
  let exprs: EscEnvironment["exprs"] | undefined;
  const context = contextValue as ValueNode;
  return {
    // Nothing that only opens an environment ever looks at its expressions.
    get exprs() {
      exprs ??= root === undefined ? new Map() : exportExpressions(root);
      return exprs;
    },
    properties: exportProperties(value, name),
    schema: mergeSchemas(value.base?.schema, value.schema),
    executionContext: { properties: exportProperties(context, name), schema: context.schema },
  };
}

/**
 * Why an evaluation ended early. A rotator's new state must reach whoever writes it back, so once there is one, even a
 * cancelled evaluation answers.
 */
function describeEnd(run: Run, scope: Scope, thrown: unknown): EscDiagnostic {
  if (thrown instanceof EvaluationLimitError) return thrown.diagnostic;
  if (thrown instanceof RangeError) {
    return errorIn(run.at?.range, "the definition is nested too deeply", run.at?.path ?? "");
  }
  const error = toAppError(run.signal?.aborted === true ? run.signal.reason : thrown);
  if (!scope.rotations.some(({ patch }) => patch !== undefined)) throw error;
  return errorIn(run.at?.range, `evaluation ended before its time: ${error.message}`, run.at?.path ?? "");
}
