const repetition = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/;

interface Scan {
  pattern: string;
  at: number;
  depth: number;
  /** Where the repetition before the current place starts. */
  repeatedAt: number | undefined;
  /** There is something to repeat. */
  hasOperand: boolean;
}

/** What RE2 refuses in a pattern, in its words: the common mistakes, and what other engines allow. */
export function findPatternProblem(pattern: string): string | undefined {
  const scan: Scan = { pattern, at: 0, depth: 0, repeatedAt: undefined, hasOperand: false };
  while (scan.at < pattern.length) {
    const problem = step(scan);
    if (problem !== undefined) return problem;
  }
  return scan.depth > 0 ? `missing closing ): \`${pattern}\`` : undefined;
}

function step(scan: Scan): string | undefined {
  const { pattern, at } = scan;
  const rest = pattern.slice(at);
  const repeated = repetition.exec(rest)?.[0];
  if (repeated !== undefined) return stepRepetition(scan, repeated);
  scan.repeatedAt = undefined;
  scan.at += 1;
  const character = rest[0] ?? "";
  scan.hasOperand = character !== "(" && character !== "|";
  if (character === "\\") return stepEscape(scan, rest);
  if (character === "[") return stepClass(scan, rest);
  if (character === "(") return stepGroup(scan, rest);
  if (character !== ")") return undefined;
  scan.depth -= 1;
  return scan.depth < 0 ? `unexpected ): \`${pattern}\`` : undefined;
}

function stepRepetition(scan: Scan, repeated: string): string | undefined {
  const { pattern, at, repeatedAt } = scan;
  scan.at += repeated.length;
  scan.repeatedAt = at;
  const [, least = "0", most = least] = /^\{(\d+)(?:,(\d+))?/.exec(repeated) ?? [];
  if (Number(least) > Number(most) || Number(most) > 1_000) {
    return `invalid repeat count: \`${repeated.replace(/\?$/, "")}\``;
  }
  if (repeatedAt !== undefined) return `invalid nested repetition operator: \`${pattern.slice(repeatedAt, scan.at)}\``;
  return scan.hasOperand ? undefined : `missing argument to repetition operator: \`${repeated}\``;
}

function stepEscape(scan: Scan, rest: string): string | undefined {
  if (rest.length === 1) return "trailing backslash at end of expression: ``";
  const whole = /^\\(?:Q.*?(?:\\E|$)|x\{[0-9a-fA-F]+\}|.)/s.exec(rest)?.[0] ?? rest;
  scan.at += whole.length - 1;
  return /^\\(?:[CEGHIJKLMNORTUVXYZceghijklmoquy89]|[1-7](?![0-7]))/.test(rest)
    ? `invalid escape sequence: \`${rest.slice(0, 2)}\``
    : undefined;
}

function stepClass(scan: Scan, rest: string): string | undefined {
  const found = /^\[(?:\^|(?!\^))(?:\]|\[:[^\]]*:\]|\\.|[^\]\\])(?:\[:[^\]]*:\]|\\.|[^\]\\])*\]/s.exec(rest);
  if (found === null) return `missing closing ]: \`${rest}\``;
  scan.at += found[0].length - 1;
  for (const [range, low = "", high = ""] of found[0].matchAll(/([A-Za-z0-9])-([A-Za-z0-9])/g)) {
    if (low > high) return `invalid character class range: \`${range}\``;
  }
  return undefined;
}

function stepGroup(scan: Scan, rest: string): string | undefined {
  scan.depth += 1;
  if (!rest.startsWith("(?")) return undefined;
  const named = /^\(\?P?<(\w+)>/.exec(rest);
  const flags = /^\(\?[imsU]*(?:-[imsU]+)?[:)]/.exec(rest);
  const head = named?.[0] ?? flags?.[0];
  if (head === undefined) {
    const isNamed = /^\(\?P?</.test(rest);
    if (isNamed) return `invalid named capture: \`${rest.slice(0, rest.indexOf(">") + 1) || rest}\``;
    return `invalid or unsupported Perl syntax: \`${/^\(\?[imsU-]*.?/s.exec(rest)?.[0] ?? rest}\``;
  }
  scan.at += head.length - 1;
  if (head.endsWith(")")) scan.depth -= 1;
  return undefined;
}
