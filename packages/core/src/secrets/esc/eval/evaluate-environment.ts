import type { EnvironmentDeclaration } from "../parse/parse-environment.ts";
import { errorAt } from "../parse/diagnose.ts";
import { recordSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Crypter, ProviderContext } from "../surroundings.ts";
import { noSyntax } from "../syntax/syntax-node.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import { quote } from "../text/quote.ts";
import type { EscValue } from "../value.ts";
import { copyValue } from "./copy-value.ts";
import { declare } from "./declare.ts";
import { describeFailure } from "./describe-failure.ts";
import { loadDefinition } from "./load-definition.ts";
import { mergeOver } from "./merge.ts";
import { createExpression, createValue } from "./nodes.ts";
import type { ExpressionNode, ValueNode } from "./nodes.ts";
import { EvaluationLimitError } from "./scope.ts";
import type { Run, Scope } from "./scope.ts";
import { unexportValue } from "./unexport-value.ts";
import { propertyOf } from "./value-tree.ts";

// "imports" and its like are how an expression reaches what is not among the values.
const reservedKeys = new Set(["imports", "context", "environments"]);

/** Evaluates an environment: its context, what it imports, then its own values over that. */
export async function evaluateEnvironment(scope: Scope): Promise<ValueNode> {
  const { run, name, declaration } = scope;
  const mine: { isEvaluating: boolean; value?: ValueNode; hidesKeys?: boolean } = { isEvaluating: true };
  run.imports.set(name, mine);
  scope.contextValue = evaluateContext(scope);
  await evaluateImports(scope);
  const properties = new Map<string, ExpressionNode>();
  const form = { kind: "object" as const, syntax: noSyntax, properties, keys: [] };
  scope.root = createExpression(`<${name}>`, form, { schema: alwaysSchema, base: scope.base });
  for (const { key, value } of declaration.values) {
    const { syntax } = key;
    if (reservedKeys.has(key.value)) {
      scope.diagnostics.push(errorAt(syntax, `${quote(key.value)} is a reserved key`));
    } else if (properties.has(key.value)) {
      scope.diagnostics.push(errorAt(syntax, `duplicate key ${quote(key.value)}`));
    } else {
      const base = propertyOf(scope.base, syntax, key.value);
      properties.set(key.value, declare(scope, { path: key.value, expression: value, base }));
    }
  }
  const value = await run.evaluate(scope, scope.root, alwaysSchema);
  mine.isEvaluating = false;
  mine.value = value;
  mine.hidesKeys = scope.hidesKeys;
  return value;
}

function evaluateContext(scope: Scope): ValueNode {
  const form = { kind: "symbol" as const, syntax: noSyntax, accessors: [] };
  const def = createExpression("", form, { schema: alwaysSchema });
  const nowhere = { line: 0, column: 0, byte: 0 };
  const trace = { def: { begin: nowhere, end: nowhere } };
  return unexportValue(scope.run, { value: scope.context.values, trace }, def);
}

async function evaluateImports(scope: Scope): Promise<void> {
  const { run, declaration } = scope;
  const imported = new Map<string, ValueNode>();
  for (const { environment, merge } of declaration.imports) {
    if (environment === undefined) continue;
    const value = await run.importEnvironment(scope, environment.syntax, environment.value);
    if (value === undefined) continue;
    imported.set(environment.value, value);
    if (!merge) continue;
    if (scope.base === undefined && run.imports.get(environment.value)?.hidesKeys !== true) {
      // Nothing to merge it over: it is read only, and need not be copied.
      scope.base = value;
      continue;
    }
    const copied = copyValue(run, value, environment.syntax);
    mergeOver(copied, scope.base);
    scope.base = copied;
  }
  const schema = recordSchema(new Map([...imported].map(([name, value]) => [name, value.schema])));
  const form = { kind: "symbol" as const, syntax: noSyntax, accessors: [] };
  const def = createExpression("", form, { schema });
  def.state = "done";
  scope.importsValue = createValue(def, schema, { repr: imported });
  def.value = scope.importsValue;
}

/** The value of an imported environment. Each is loaded and evaluated once in an evaluation. */
export async function importEnvironment(
  scope: Scope,
  syntax: NodeSyntax,
  name: string,
): Promise<ValueNode | undefined> {
  const { run } = scope;
  const known = run.imports.get(name);
  if (known !== undefined) {
    if (!known.isEvaluating) return known.value;
    scope.diagnostics.push(errorAt(syntax, `cyclic import of ${name}`));
    return undefined;
  }
  run.environmentsLeft -= 1;
  if (run.environmentsLeft < 0) {
    throw new EvaluationLimitError(syntax, `more than ${run.limits.environments} environments are imported`);
  }
  run.signal?.throwIfAborted();
  run.at = syntax;
  const loaded = await load(scope, syntax, name);
  if (loaded === undefined) return undefined;
  const { declaration, diagnostics } = loadDefinition(name, loaded.source, run.limits);
  scope.diagnostics.push(...diagnostics);
  if (diagnostics.some(({ severity }) => severity === "error")) return undefined;
  const { crypter } = loaded;
  const inner = createScope({ run, name, declaration, crypter, context: scope.context, isRoot: false });
  const value = await evaluateEnvironment(inner);
  scope.diagnostics.push(...inner.diagnostics);
  return value;
}

async function load(
  scope: Scope,
  syntax: NodeSyntax,
  name: string,
): Promise<{ source: string; crypter: Crypter } | undefined> {
  const { run } = scope;
  try {
    return await run.surroundings.loadEnvironment(name, run.signal);
  } catch (thrown) {
    scope.diagnostics.push(errorAt(syntax, describeFailure(run, thrown)));
    return undefined;
  }
}

export interface NewScope {
  run: Run;
  name: string;
  declaration: EnvironmentDeclaration;
  crypter: Crypter;
  /** That of the importing environment, or one without names for the root. */
  context: ProviderContext;
  isRoot: boolean;
  rotatePaths?: ReadonlySet<string>;
}

export function createScope({ run, name, declaration, crypter, context, isRoot, rotatePaths }: NewScope): Scope {
  return {
    run,
    name,
    declaration,
    isRoot,
    crypter,
    context: contextFor(context, name),
    contextValue: undefined,
    importsValue: undefined,
    root: undefined,
    base: undefined,
    hidesKeys: false,
    rotatePaths: rotatePaths ?? new Set(),
    rotations: [],
    diagnostics: [],
  };
}

/** An anonymous root has no name to go by: the first named environment below it takes its place. */
function contextFor(outer: ProviderContext, name: string): ProviderContext {
  const isAnonymous = outer.rootEnvironment === "" || outer.rootEnvironment === "<yaml>";
  const rootEnvironment = isAnonymous ? name : outer.rootEnvironment;
  const values = new Map(outer.values);
  values.set("currentEnvironment", named(name));
  values.set("rootEnvironment", named(rootEnvironment));
  return { ...outer, values, rootEnvironment, currentEnvironment: name };
}

function named(name: string): EscValue {
  const nowhere = { line: 0, column: 0, byte: 0 };
  const trace = { def: { begin: nowhere, end: nowhere } };
  return { value: new Map([["name", { value: name, trace }]]), trace };
}
