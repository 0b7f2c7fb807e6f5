import { compareText } from "@sophia/core/secrets/esc/text/compare-text";

/** The entries in the order in which the `esc` command prints them. */
export function sortKeys<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].toSorted(([left], [right]) => compareText(left, right));
}
