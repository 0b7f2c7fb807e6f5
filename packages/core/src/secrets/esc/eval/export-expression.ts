import { emptyRange } from "../range.ts";
import type { WireAccessor, WireExpression, WirePropertyAccessor } from "../wire-expression.ts";
import { describeCall } from "./export-call.ts";
import { exportRange } from "./exporter.ts";
import type { Exporter } from "./exporter.ts";
import { definitionRange } from "./export-value.ts";
import type { ExpressionNode, NodeForm, ResolvedAccessor } from "./nodes.ts";

/** Expressions as others see them. Each is described once, however often a base or an import shares it. */
export function createExpressionExporter(
  environment: string,
): (root: ExpressionNode) => ReadonlyMap<string, WireExpression> {
  const seen = new Map<ExpressionNode, WireExpression>();
  const describe = (node: ExpressionNode): WireExpression => {
    const known = seen.get(node);
    if (known !== undefined) return known;
    const described: WireExpression = { range: definitionRange(node, environment), schema: node.schema };
    if (node.secret) described.isSecret = true;
    seen.set(node, described);
    // The lowest base first: they can lie a thousand deep.
    const bases: ExpressionNode[] = [];
    for (let at = node.base?.def; at !== undefined && !seen.has(at); at = at.base?.def) bases.push(at);
    for (const base of bases.toReversed()) describe(base);
    if (node.base !== undefined) described.base = describe(node.base.def);
    const form = describeForm(node.form, { environment, describe });
    // A property of a property is described as its receiver is, with one accessor more.
    if (form.range !== undefined) delete described.base;
    return Object.assign(described, form);
  };
  return (root) => describe(root).object ?? new Map();
}

function describeForm(form: NodeForm, exporter: Exporter): Partial<WireExpression> {
  const { environment, describe } = exporter;
  switch (form.kind) {
    case "missing":
      return {};
    case "literal":
      return form.value === undefined || form.value === null ? {} : { literal: form.value };
    case "interpolate":
      return {
        interpolate: form.parts.map(({ text, accessors = [] }) => ({
          text,
          value: accessors.map((accessor) => describeAccessor(accessor, environment)),
        })),
      };
    case "symbol":
      return { symbol: form.accessors.map((accessor) => describeAccessor(accessor, environment)) };
    case "access":
      return describeAccess(form, exporter);
    case "array":
      return { list: form.elements.map(describe) };
    case "object":
      return {
        keyRanges: new Map(form.keys.map(({ value, syntax }) => [value, exportRange(syntax, environment)])),
        object: new Map([...form.properties].map(([key, property]) => [key, describe(property)])),
      };
    case "call":
      return { builtin: describeCall(form, exporter) };
  }
}

function describeAccessor({ accessor, value }: ResolvedAccessor, environment: string): WirePropertyAccessor {
  const { accessor: step, range } = accessor;
  return {
    ...(typeof step === "string" ? { key: step } : { index: step }),
    range: range ?? emptyRange(environment),
    value: value === undefined ? emptyRange("") : definitionRange(value.def, environment),
  };
}

function describeAccess(
  form: NodeForm & { kind: "access" },
  { environment, describe }: Exporter,
): Partial<WireExpression> {
  const accessor: WireAccessor = { key: form.key, range: emptyRange(environment) };
  const { def } = form.receiver;
  if (def.form.kind !== "access") {
    return { access: { receiver: definitionRange(def, environment), accessors: [accessor] } };
  }
  const outer = describe(def);
  return {
    ...outer,
    access: { receiver: outer.range, ...outer.access, accessors: [...(outer.access?.accessors ?? []), accessor] },
  };
}
