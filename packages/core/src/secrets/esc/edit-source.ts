import { isCollection, isMap, isScalar } from "yaml";
import type { Document, Node } from "yaml";
import { unwrap } from "../../config/secret.ts";
import type { Secret } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import {
  createCollection,
  createNode,
  isBlank,
  parseForEditing,
  parseNode,
  slotOf,
  writeDocument,
} from "./editing/yaml-document.ts";
import { formatPropertyPath, parsePropertyPath } from "./property-path.ts";
import type { PropertyPath } from "./property-path.ts";
import type { JsonData } from "./text/format-json.ts";

/** What is to be written: plain data, a value that is YAML itself, text as it stands, or a secret's text. */
export type NewValue = { data: JsonData } | { yaml: string } | { text: string } | { secret: Secret };

/**
 * A definition with a value set; objects and lists on the way are made. The path is that in the document, e.g.
 * `values.database.password`. Comments stay. Throws invalid_input where the path leads through something else, and for
 * a text or value that is no YAML.
 */
export function setValue(source: string, path: PropertyPath | string, value: NewValue): string {
  const steps = typeof path === "string" ? parsePropertyPath(path) : path;
  const document = parseForEditing(source);
  setNode(document, steps, toNode(value));
  return writeDocument(document, source);
}

function toNode(value: NewValue): Node {
  if ("yaml" in value) return parseNode(value.yaml);
  // `$$` is how a text says `$`: what is to be taken as it stands must not be read as an interpolation.
  if ("text" in value) return createNode(value.text.replaceAll("$", "$$$$"));
  if ("data" in value) return createNode(value.data);
  return createNode(new Map([["fn::secret", unwrap(value.secret)]]));
}

function setNode(document: Document, path: PropertyPath, node: Node): void {
  const [first] = path;
  if (first === undefined) throw unreachable(path, 0);
  if (isBlank(document.contents)) document.contents = createCollection(first) as typeof document.contents;
  let parent: unknown = document.contents;
  for (const [index, accessor] of path.entries()) {
    const slot = slotOf(parent, accessor);
    if (slot === undefined) throw unreachable(path, index);
    const next = path[index + 1];
    if (next === undefined) {
      keepComment(slot.node, node);
      slot.set(node);
      return;
    }
    if (isBlank(slot.node)) slot.set(createCollection(next));
    parent = slotOf(parent, accessor)?.node;
  }
}

/** What stood behind or above the old value stays with the new one. */
function keepComment(old: unknown, node: Node): void {
  if (!isScalar(old) && !isCollection(old)) return;
  if (old.comment && !node.comment) node.comment = old.comment;
  if (old.commentBefore && !node.commentBefore) node.commentBefore = old.commentBefore;
}

function unreachable(path: PropertyPath, index: number): AppError {
  const where = formatPropertyPath(path.slice(0, index)) || "the definition";
  const what = typeof path[index] === "number" ? "a list that is long enough" : "an object";
  return new AppError("invalid_input", `${where} is not ${what}.`, {
    hint: "Remove the value that is there first, or choose another path.",
  });
}

/**
 * A definition without a value. Comments of the rest stay; a path that leads nowhere changes nothing. Throws
 * invalid_input for a text that is no YAML.
 */
export function removeValue(source: string, path: PropertyPath | string): string {
  const steps = typeof path === "string" ? parsePropertyPath(path) : path;
  const document = parseForEditing(source);
  let parent: unknown = document.contents;
  for (const [index, accessor] of steps.entries()) {
    const slot = slotOf(parent, accessor);
    if (slot === undefined || slot.node === undefined) return source;
    if (index < steps.length - 1) {
      parent = slot.node;
      continue;
    }
    slot.remove();
    // Without it, an empty block would be written as nothing: no object any more.
    if (isMap(parent) && parent.items.length === 0) parent.flow = true;
    return writeDocument(document, source);
  }
  return source;
}
