import { createContext, Script } from "node:vm";

const patternTimeoutMs = 100;
const context = createContext(Object.create(null) as object);
const script = new Script("pattern.test(text)");

/**
 * Whether a pattern is found in a text; undefined when that takes too long. Patterns come from definitions, and a
 * backtracking one must not hold the process.
 */
export function matchPattern(pattern: RegExp, text: string): boolean | undefined {
  Object.assign(context, { pattern, text });
  try {
    return script.runInContext(context, { timeout: patternTimeoutMs }) === true;
  } catch {
    return undefined;
  } finally {
    Object.assign(context, { pattern: undefined, text: undefined });
  }
}
