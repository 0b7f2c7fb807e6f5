import { joinKey } from "../property-path.ts";
import type { ExpressionNode } from "./nodes.ts";

/**
 * What to blame for something invalid: a part of a literal where there is one, else the expression that made the
 * value, with the path to the part in front of the message.
 */
export interface Blame {
  node: ExpressionNode;
  path: string;
  isPrefix: boolean;
}

export function blame(node: ExpressionNode): Blame {
  return { node, path: "", isPrefix: false };
}

export function blameItem({ node, path }: Blame, index: number): Blame {
  const element = node.form.kind === "array" ? node.form.elements[index] : undefined;
  if (element !== undefined) return { node: element, path: `[${index}]`, isPrefix: false };
  return { node, path: `${path}[${index}]`, isPrefix: true };
}

export function blameProperty({ node, path }: Blame, key: string): Blame {
  const property = node.form.kind === "object" ? node.form.properties.get(key) : undefined;
  if (property !== undefined) return { node: property, path: joinKey("", key), isPrefix: false };
  return { node, path: joinKey(path, key), isPrefix: true };
}
