import type { EscDiagnostic } from "../evaluation.ts";
import { noSyntax } from "../syntax/syntax-node.ts";
import type { NodeSyntax, StringNode } from "../syntax/syntax-node.ts";
import { errorAt } from "./diagnose.ts";
import type { BuiltinName, CallExpression, Expression, ObjectExpression, OperandName } from "./expression.ts";

interface Call {
  builtin: BuiltinName;
  key: StringNode;
  argument: Expression;
  syntax: NodeSyntax;
}

type Operands = [OperandName, Expression | undefined][];

const builtins = new Map<string, BuiltinName>(
  (
    [
      "concat",
      "final",
      "validate",
      "fromJSON",
      "fromBase64",
      "join",
      "open",
      "rotate",
      "secret",
      "split",
      "toBase64",
      "toJSON",
      "toString",
    ] as const
  ).map((name) => [`fn::${name}`, name]),
);

/** The builtin that a key calls, or undefined. */
export function builtinOf(key: string): BuiltinName | undefined {
  if (key.startsWith("fn::open::")) return "open";
  if (key.startsWith("fn::rotate::")) return "rotate";
  return builtins.get(key);
}

/** A builtin's argument → its operands. A call with a wrong argument is kept, without what could not be found in it. */
export function parseCall(call: Call, diagnostics: EscDiagnostic[]): CallExpression {
  switch (call.builtin) {
    case "open":
    case "rotate":
      return parseProviderCall(call, diagnostics);
    case "secret":
      return parseSecret(call, diagnostics);
    case "validate":
      return parseValidate(call, diagnostics);
    case "join":
    case "split":
      return parsePair(call, diagnostics);
    case "concat":
      if (call.argument.kind !== "array") {
        diagnostics.push(errorAt(call.argument.syntax, "the argument to fn::concat must be an array of arrays"));
      }
      return finish(call, [["value", call.argument]]);
    default:
      return finish(call, [["value", call.argument]]);
  }
}

function finish(call: Call, operands: Operands, provider?: string): CallExpression {
  return {
    kind: "call",
    builtin: call.builtin,
    name: call.key.value,
    nameSyntax: call.key.syntax,
    argumentSyntax: call.argument.syntax,
    operands: new Map(operands),
    ...(provider === undefined ? {} : { provider }),
    syntax: call.syntax,
  };
}

/** The value of the last property of a name. */
function findProperty(object: ObjectExpression, name: string): Expression | undefined {
  return object.properties.findLast(({ key }) => key?.value === name)?.value;
}

function parsePair(call: Call, diagnostics: EscDiagnostic[]): CallExpression {
  const { argument, builtin } = call;
  if (argument.kind !== "array" || argument.elements.length !== 2) {
    diagnostics.push(errorAt(argument.syntax, `the argument to fn::${builtin} must be a two-valued list`));
    return finish(call, [
      ["delimiter", undefined],
      ["value", undefined],
    ]);
  }
  return finish(call, [
    ["delimiter", argument.elements[0]],
    ["value", argument.elements[1]],
  ]);
}

function parseSecret(call: Call, diagnostics: EscDiagnostic[]): CallExpression {
  const { argument } = call;
  if (argument.kind === "object" && argument.properties.length === 1) {
    const ciphertext = findProperty(argument, "ciphertext");
    if (ciphertext?.kind === "literal" && typeof ciphertext.value === "string") {
      return finish(call, [["ciphertext", ciphertext]]);
    }
  }
  if (argument.kind === "literal" && typeof argument.value === "string") return finish(call, [["plaintext", argument]]);
  diagnostics.push(errorAt(argument.syntax, "secret values must be string literals"));
  // Whatever stands there may be a secret: it is not looked at again, not even for its position.
  const blank: Expression = { kind: "literal", value: "", syntax: noSyntax };
  return finish({ ...call, argument: blank }, [["plaintext", blank]]);
}

function parseValidate(call: Call, diagnostics: EscDiagnostic[]): CallExpression {
  const { argument } = call;
  if (argument.kind !== "object") {
    const wanted = "the argument to fn::validate must be an object containing 'schema' and 'value'";
    diagnostics.push(errorAt(argument.syntax, wanted));
    return finish(call, [
      ["schema", undefined],
      ["value", undefined],
    ]);
  }
  const operands = (["schema", "value"] as const).map((name): Operands[number] => {
    const operand = findProperty(argument, name);
    if (operand === undefined) diagnostics.push(errorAt(argument.syntax, `missing required property '${name}'`));
    return [name, operand];
  });
  return finish(call, operands);
}

const wantedArguments = {
  "fn::open": "an object containing 'provider' and 'inputs'",
  "fn::rotate": "an object containing 'provider', 'inputs' and 'state'",
  "fn::rotate::": "an object containing 'inputs' and 'state'",
};

function parseProviderCall(call: Call, diagnostics: EscDiagnostic[]): CallExpression {
  const { argument, builtin, key } = call;
  const isShort = key.value !== `fn::${builtin}`;
  const shortName = key.value.slice(`fn::${builtin}::`.length);
  const shortProvider: Expression = { kind: "literal", value: shortName, syntax: key.syntax };
  if (builtin === "open" && isShort) {
    return finish(
      call,
      [
        ["provider", shortProvider],
        ["inputs", argument],
      ],
      shortName,
    );
  }
  if (argument.kind !== "object") {
    const wanted = wantedArguments[builtin === "open" ? "fn::open" : isShort ? "fn::rotate::" : "fn::rotate"];
    diagnostics.push(errorAt(argument.syntax, `the argument to fn::${builtin} must be ${wanted}`));
    const names: OperandName[] = builtin === "open" ? ["provider", "inputs"] : ["provider", "inputs", "state"];
    return finish(
      call,
      names.map((name) => [name, undefined]),
    );
  }
  const provider = isShort ? shortProvider : findProvider(argument, diagnostics);
  const inputs = findProperty(argument, "inputs");
  if (inputs === undefined) diagnostics.push(errorAt(argument.syntax, "missing provider inputs ('inputs')"));
  const operands: Operands = [
    ["provider", provider],
    ["inputs", inputs],
  ];
  if (builtin === "rotate") operands.push(["state", findState(argument, diagnostics)]);
  const name = provider?.kind === "literal" && typeof provider.value === "string" ? provider.value : undefined;
  return finish(call, operands, name);
}

function findProvider(argument: ObjectExpression, diagnostics: EscDiagnostic[]): Expression | undefined {
  const provider = findProperty(argument, "provider");
  if (provider?.kind === "literal" && typeof provider.value === "string") return provider;
  diagnostics.push(
    provider === undefined
      ? errorAt(argument.syntax, "missing provider name ('provider')")
      : errorAt(provider.syntax, "provider name must be a string literal"),
  );
  return undefined;
}

function findState(argument: ObjectExpression, diagnostics: EscDiagnostic[]): Expression {
  const state = findProperty(argument, "state");
  if (state === undefined) return { kind: "literal", value: null, syntax: noSyntax };
  if (state.kind !== "object") {
    diagnostics.push(errorAt(state.syntax, "rotation state must be an object literal"));
  }
  return state;
}
