import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Texts with the answer each would get; texts of equal answer are the same question. */
export interface LabelledTexts {
  name: string;
  texts: string[];
  /** `undefined`: nothing in the cache can answer it. */
  answers: (string | undefined)[];
}

export async function readStream(folder: string, name: string, file: string): Promise<LabelledTexts | undefined> {
  const csv = await readFile(join(folder, "semcache", file), "utf8").catch(() => undefined);
  if (csv === undefined) return undefined;
  const rows = parseCsv(csv).slice(1);
  return {
    name,
    texts: rows.map(([text = ""]) => text),
    answers: rows.map((cells) => (cells.at(-1) === "oos" ? undefined : cells.at(-1))),
  };
}

/** Pairs of questions; the same ones, over all pairs, are one class. */
export async function readPairs(folder: string): Promise<LabelledTexts | undefined> {
  const packed = await readFile(join(folder, "semcache/question-pairs.json.gz")).catch(() => undefined);
  if (!packed) return undefined;
  const pairs = JSON.parse(gunzipSync(packed).toString("utf8")) as { text_a: string; text_b: string; label: number }[];
  const numbers = new Map<string, number>();
  const parents: number[] = [];
  const numberOf = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, parents.length);
    return parents.push(parents.length) - 1;
  };
  const rootOf = (number: number): number => {
    let root = number;
    while (parents[root] !== root) root = parents[root] ?? root;
    parents[number] = root;
    return root;
  };
  for (const { text_a, text_b, label } of pairs) {
    const [left, right] = [numberOf(text_a), numberOf(text_b)];
    if (Number(label) === 1) parents[rootOf(left)] = rootOf(right);
  }
  const texts = [...numbers.keys()];
  return { name: "question-pairs", texts, answers: texts.map((_, index) => String(rootOf(index))) };
}

function parseCsv(csv: string): string[][] {
  return csv.split(/\r?\n/).flatMap((line) => {
    const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = ""]) =>
      cell.replace(/^"|"$/g, "").replaceAll('""', '"'),
    );
    // The pattern finds an empty cell behind the last one.
    const full = cells.at(-1) === "" ? cells.slice(0, -1) : cells;
    return full.length >= 2 && full[0] !== "" ? [full] : [];
  });
}

/** Deterministic numbers from 0 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const mixed = [...items];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [mixed[index], mixed[other]] = [mixed[other] as T, mixed[index] as T];
  }
  return mixed;
}
