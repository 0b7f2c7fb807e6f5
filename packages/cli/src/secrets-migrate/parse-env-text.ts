import { parseEnv } from "node:util";

/** One assignment in an `.env` file. */
export interface EnvEntry {
  name: string;
  value: string;
  /** First and last line, from 1; a quoted value may go over several. */
  firstLine: number;
  lastLine: number;
}

export interface EnvText {
  /** In the order of the file. Of several with one name the last counts, as for every program that reads such a file. */
  entries: readonly EnvEntry[];
  /** Names that stand there more than once, and the lines that count for nothing. */
  duplicates: readonly { name: string; lines: readonly number[] }[];
  /** Lines that look like an assignment and are none that programs agree on. */
  unclearLines: readonly number[];
}

const byteOrderMark = "\uFEFF";
const assignment = /^[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=(.*)$/s;
const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * An `.env` file as Node reads it (`--env-file`, `util.parseEnv`), with the lines of each assignment. Node's reading is
 * the one that counts, since that is what the programs were run with: an assignment that this one would take for
 * another value than the whole file gives is told as unclear. https://nodejs.org/api/util.html#utilparseenvcontent
 */
export function parseEnvText(text: string): EnvText {
  const content = text.startsWith(byteOrderMark) ? text.slice(1) : text;
  const lines = content.split("\n");
  const entries: EnvEntry[] = [];
  const unclear: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? "").replaceAll("\r", "");
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, rest = ""] = assignment.exec(line) ?? [];
    if (name === undefined || !plainName.test(name)) {
      unclear.push(index + 1);
      continue;
    }
    const last = findLastLine(lines, index, rest);
    const value = parseEnv(lines.slice(index, last + 1).join("\n"))[name];
    if (value === undefined) unclear.push(index + 1);
    else entries.push({ name, value, firstLine: index + 1, lastLine: last + 1 });
    index = last;
  }
  return settle(entries, unclear, parseEnv(content));
}

/** The file without these assignments; every other byte of it stays. */
export function removeEntries(text: string, entries: readonly EnvEntry[]): string {
  const gone = new Set(entries.flatMap(({ firstLine, lastLine }) => range(firstLine, lastLine)));
  const kept = text
    .split(/(?<=\n)/)
    .filter((_, index) => !gone.has(index + 1))
    .join("");
  return text.startsWith(byteOrderMark) && !kept.startsWith(byteOrderMark) ? byteOrderMark + kept : kept;
}

/** A value in quotes ends at the next quote of its kind, be it lines below; without one it ends with its line. */
function findLastLine(lines: readonly string[], index: number, rest: string): number {
  const start = rest.trimStart();
  const quote = /^["'`]/.exec(start)?.[0];
  if (quote === undefined || start.indexOf(quote, 1) >= 0) return index;
  const closing = lines.findIndex((line, at) => at > index && line.includes(quote));
  return closing < 0 ? index : closing;
}

function settle(entries: readonly EnvEntry[], unclear: readonly number[], whole: NodeJS.Dict<string>): EnvText {
  const byName = Map.groupBy(entries, ({ name }) => name);
  const doubted = new Set([...byName].filter(([name, all]) => all.at(-1)?.value !== whole[name]).map(([name]) => name));
  const lost = entries.filter(({ name }) => doubted.has(name)).map(({ firstLine }) => firstLine);
  return {
    entries: entries.filter(({ name }) => !doubted.has(name)),
    duplicates: [...byName]
      .filter(([, all]) => all.length > 1)
      .map(([name, all]) => ({ name, lines: all.slice(0, -1).map(({ firstLine }) => firstLine) })),
    unclearLines: [...unclear, ...lost].toSorted((left, right) => left - right),
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
