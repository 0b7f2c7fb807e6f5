import { createContext, Script } from "node:vm";

const patternTimeoutMs = 1_000;
const context = createContext(Object.create(null) as object);
const script = new Script("pattern.test(text)");

/**
 * Whether a pattern is found in a text; undefined when that takes too long. Patterns come from definitions, and a
 * backtracking one must not hold the process.
 */
export function matchPattern(pattern: RegExp, text: string): boolean | undefined {
  // What repeats nothing, or one thing at most, ends soon.
  if (!/[*+{].*[*+{?]/s.test(pattern.source) && text.length < 10_000) return pattern.test(text);
  Object.assign(context, { pattern, text });
  try {
    return script.runInContext(context, { timeout: patternTimeoutMs }) === true;
  } catch {
    return undefined;
  } finally {
    Object.assign(context, { pattern: undefined, text: undefined });
  }
}
