import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import { createExpression, createValue } from "./nodes.ts";
import type { ResolvedAccessor, ValueNode } from "./nodes.ts";
import { reportAccessError } from "./scope.ts";
import type { Scope } from "./scope.ts";

/** A property access on its way. */
export interface Access {
  syntax: NodeSyntax;
  accessors: ResolvedAccessor[];
  /** Which accessor is next. */
  at: number;
  /** It has come through a secret. */
  isSecret: boolean;
}

/** Something unknown at the place of the access itself. */
export function unknownAt(syntax: NodeSyntax, schema: Schema): ValueNode {
  const def = createExpression("", { kind: "literal", syntax }, { schema: alwaysSchema });
  def.state = "done";
  return createValue(def, schema, { unknown: true });
}

/** Ends an access that failed: what is left of it leads to unknown values. */
export function invalidAccess(access: Access): ValueNode {
  let last = unknownAt(access.syntax, alwaysSchema);
  for (const accessor of access.accessors.slice(access.at)) {
    last = unknownAt(access.syntax, alwaysSchema);
    accessor.value = last;
  }
  return last;
}

/** The index that the next accessor is. Undefined, with a diagnostic, when it is none of an array of that length. */
export function arrayIndex(scope: Scope, access: Access, length: number | undefined): number | undefined {
  const { accessor } = access.accessors[access.at] as ResolvedAccessor;
  const index = accessor.accessor;
  const report = (summary: string): undefined => {
    reportAccessError(scope, { syntax: access.syntax, accessor }, summary);
  };
  if (typeof index === "string") return report("cannot access an array element using a property name");
  if (index < 0) return report("array indices must not be negative");
  if (length !== undefined && index >= length) {
    return report(`array index ${index} out-of-bounds for array of length ${length}`);
  }
  return index;
}

/** The key that the next accessor is. Undefined, with a diagnostic, when it is an index. */
export function objectKey(scope: Scope, access: Access): string | undefined {
  const { accessor } = access.accessors[access.at] as ResolvedAccessor;
  if (typeof accessor.accessor === "string") return accessor.accessor;
  const summary = "cannot access an object property using an integer index";
  reportAccessError(scope, { syntax: access.syntax, accessor }, summary);
  return undefined;
}
