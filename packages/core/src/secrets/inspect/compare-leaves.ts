import { compareText } from "../esc/text/compare-text.ts";
import type { Leaf, LeafType } from "./list-leaves.ts";
import { toComparableText } from "./to-comparable-text.ts";

/** What one side holds at a path. */
export interface LeafSide {
  type: LeafType;
  secret: boolean;
  /** The value of what is no secret, at most 200 characters. */
  text?: string;
  /** Of a secret that could be opened, where fingerprints are made. */
  fingerprint?: string;
}

/** `not known`: at least one side could not be opened. */
export interface LeafDifference {
  path: string;
  change: "added" | "removed" | "changed" | "same" | "not known";
  before?: LeafSide;
  after?: LeafSide;
}

const maximumTextLength = 200;

/**
 * What differs between two environments, by path. A secret appears by its fingerprint, if `fingerprint` is given, and
 * never by its value; a value that is secret on one side only is shown on neither.
 */
export function compareLeaves(
  before: readonly Leaf[],
  after: readonly Leaf[],
  fingerprint?: (text: string) => string,
): LeafDifference[] {
  const old = new Map(before.map((leaf) => [leaf.path, leaf]));
  const next = new Map(after.map((leaf) => [leaf.path, leaf]));
  const paths = [...new Set([...old.keys(), ...next.keys()])].toSorted(compareText);
  return paths
    .map((path) => comparePath(path, { old: old.get(path), next: next.get(path), fingerprint }))
    .filter((difference) => !isFilledOrEmptied(difference, paths));
}

/** `{}` on one side and keys on the other: the keys tell it. */
function isFilledOrEmptied({ path, change, before, after }: LeafDifference, paths: readonly string[]): boolean {
  if (change !== "added" && change !== "removed") return false;
  const text = (before ?? after)?.text;
  return (
    (text === "{}" || text === "[]") && paths.some((each) => each.startsWith(`${path}.`) || each.startsWith(`${path}[`))
  );
}

interface Pair {
  old: Leaf | undefined;
  next: Leaf | undefined;
  fingerprint: ((text: string) => string) | undefined;
}

function comparePath(path: string, { old, next, fingerprint }: Pair): LeafDifference {
  const hidden = old?.secret === true || next?.secret === true;
  const describe = (leaf: Leaf): LeafSide => describeSide(leaf, hidden, fingerprint);
  return {
    path,
    change: classify(old, next),
    ...(old && { before: describe(old) }),
    ...(next && { after: describe(next) }),
  };
}

function classify(old: Leaf | undefined, next: Leaf | undefined): LeafDifference["change"] {
  if (old === undefined) return "added";
  if (next === undefined) return "removed";
  if (old.secret !== next.secret) return "changed";
  if (old.unknown || next.unknown) {
    const differ = old.type !== next.type && old.type !== "any" && next.type !== "any";
    return differ ? "changed" : "not known";
  }
  return toComparableText(old.value) === toComparableText(next.value) ? "same" : "changed";
}

function describeSide(leaf: Leaf, hidden: boolean, fingerprint: Pair["fingerprint"]): LeafSide {
  const side = { type: leaf.type, secret: leaf.secret };
  if (leaf.unknown) return side;
  const text = toComparableText(leaf.value);
  if (!hidden)
    return { ...side, text: text.length > maximumTextLength ? `${text.slice(0, maximumTextLength)}…` : text };
  // A text by itself, as rotation and migration take its fingerprint.
  const { value } = leaf.value;
  const subject = typeof value === "string" ? value : text;
  return fingerprint === undefined ? side : { ...side, fingerprint: fingerprint(subject) };
}
