import { recordSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { findNearest } from "../text/edit-distance.ts";
import { quote } from "../text/quote.ts";
import { compareText } from "../text/compare-text.ts";
import { accessUnknown } from "./access-unknown.ts";
import { arrayIndex, invalidAccess, objectKey } from "./accessors.ts";
import type { Access } from "./accessors.ts";
import { copyValue } from "./copy-value.ts";
import { missingExpression } from "./declare.ts";
import { createValue } from "./nodes.ts";
import type { ExpressionNode, ResolvedAccessor, ValueNode } from "./nodes.ts";
import { reportAccessError, reportError } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { isObject } from "./value-tree.ts";

/**
 * The value that a property access leads to, as a copy that belongs to the accessing expression. What lies within a
 * secret is a secret.
 */
export async function evaluateAccess(
  scope: Scope,
  { node, accessors, accept }: { node: ExpressionNode; accessors: ResolvedAccessor[]; accept: Schema },
): Promise<ValueNode> {
  const access: Access = { syntax: node.form.syntax, accessors, at: 0, isSecret: false };
  const source = await accessFromRoot(scope, { node, access, accept });
  const found = copyValue(scope.run, source, node.form.syntax);
  found.def = node;
  // Nothing can be read from what is unknown; it becomes secret, if it is, when it becomes known.
  if (!found.unknown && (access.isSecret || found.tainted)) found.secret = true;
  return found;
}

interface RootAccess {
  node: ExpressionNode;
  access: Access;
  accept: Schema;
}

async function accessFromRoot(scope: Scope, { node, access, accept }: RootAccess): Promise<ValueNode> {
  const first = access.accessors[0];
  const receivers: Record<string, ValueNode | undefined> = {
    imports: scope.importsValue,
    context: scope.contextValue,
  };
  const name = typeof first?.accessor.accessor === "string" ? first.accessor.accessor : "";
  if (name === "environments") return accessEnvironment(scope, node, access);
  const special = Object.hasOwn(receivers, name) ? receivers[name] : undefined;
  if (first !== undefined && special !== undefined) {
    first.value = special;
    access.at = 1;
    return accessValue(scope, access, special);
  }
  return accessExpression(scope, access, accept);
}

/** Walks down the root's lists and objects without evaluating them, so that siblings may refer to each other. */
async function accessExpression(scope: Scope, access: Access, accept: Schema): Promise<ValueNode> {
  const { syntax, accessors } = access;
  let receiver: ExpressionNode | undefined = scope.root;
  while (access.at < accessors.length) {
    const step = accessors[access.at] as ResolvedAccessor;
    if (receiver === undefined) {
      reportError(scope, syntax, "internal error: no receiver");
      return invalidAccess(access);
    }
    const { form }: ExpressionNode = receiver;
    if (form.kind === "array") {
      const index = arrayIndex(scope, access, form.elements.length);
      if (index === undefined) return invalidAccess(access);
      receiver = form.elements[index];
    } else if (form.kind === "object") {
      const key = objectKey(scope, access);
      if (key === undefined) return invalidAccess(access);
      const property = form.properties.get(key);
      if (property === undefined) {
        const { base }: ExpressionNode = receiver;
        if (base !== undefined && isObject(base)) return accessValue(scope, access, base);
        return unknownProperty(scope, { access, key, keys: form.properties.keys() });
      }
      receiver = property;
    } else if (form.kind === "call" && form.expression.builtin === "secret") {
      receiver = form.operands.get("plaintext");
      continue;
    } else {
      return accessValue(scope, access, await scope.run.evaluate(scope, receiver, accept));
    }
    if (receiver !== undefined) step.value = createValue(receiver, receiver.schema, { base: receiver.base });
    access.at += 1;
  }
  return receiver === undefined ? invalidAccess(access) : scope.run.evaluate(scope, receiver, alwaysSchema);
}

function unknownProperty(
  scope: Scope,
  { access, key, keys }: { access: Access; key: string; keys: Iterable<string> },
): ValueNode {
  const { accessor } = access.accessors[access.at] as ResolvedAccessor;
  // The keys of a secret are part of it.
  const nearest = access.isSecret ? undefined : findNearest(key, [...keys].sort(compareText));
  const suggestion = nearest === undefined || nearest === "" ? "" : `; did you mean ${quote(nearest)}?`;
  reportAccessError(scope, { syntax: access.syntax, accessor }, `unknown property ${quote(key)}${suggestion}`);
  return invalidAccess(access);
}

/** Goes on from a value, by keys and indexes. */
function accessValue(scope: Scope, access: Access, start: ValueNode): ValueNode {
  const { syntax, accessors } = access;
  let receiver = start;
  while (access.at < accessors.length) {
    const step = accessors[access.at] as ResolvedAccessor;
    if ((receiver.secret && !receiver.secretByContent) || receiver.tainted) access.isSecret = true;
    if (receiver.unknown) return accessUnknown(scope, access, receiver.schema);
    const { repr } = receiver;
    if (Array.isArray(repr)) {
      const index = arrayIndex(scope, access, repr.length);
      if (index === undefined) return invalidAccess(access);
      receiver = repr[index] as ValueNode;
    } else if (repr instanceof Map) {
      const key = objectKey(scope, access);
      if (key === undefined) return invalidAccess(access);
      const property = repr.get(key);
      if (property === undefined) {
        if (receiver.base === undefined || !isObject(receiver.base)) {
          return unknownProperty(scope, { access, key, keys: repr.keys() });
        }
        receiver = receiver.base;
        continue;
      }
      receiver = property;
    } else {
      reportAccessError(scope, { syntax, accessor: step.accessor }, "receiver must be an array or an object");
      return invalidAccess(access);
    }
    step.value = receiver;
    access.at += 1;
  }
  return receiver;
}

/** `${environments.project.name.path}`: the environment is loaded and evaluated, and merged with nothing. */
async function accessEnvironment(scope: Scope, node: ExpressionNode, access: Access): Promise<ValueNode> {
  if (access.accessors.length < 3) return invalidAccess(access);
  const [project, name] = [1, 2].map((at) => objectKey(scope, { ...access, at }));
  if (project === undefined || name === undefined) return invalidAccess(access);
  const imported =
    (await scope.run.importEnvironment(scope, access.syntax, `${project}/${name}`)) ??
    createValue(missingExpression("", undefined), alwaysSchema, { unknown: true });
  const wrap = (key: string, value: ValueNode): ValueNode =>
    createValue(node, recordSchema(new Map([[key, value.schema]])), { repr: new Map([[key, value]]) });
  return accessValue(scope, access, wrap("environments", wrap(project, wrap(name, imported))));
}
