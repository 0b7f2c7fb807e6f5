import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSeededRandom } from "@sophia/core/routing/seeded-random";
import { parseCsv, readRoutingRows } from "./routing-data.ts";

/** A request, or what is remembered of one. */
export interface MonthRequest {
  id: string;
  /** Index into the texts. */
  text: number;
  category: "exam" | "support";
  /** Requests of one class have the same right answer. */
  answerClass: string;
  weak: number;
  strong: number;
}

export interface Month {
  history: MonthRequest[];
  requests: MonthRequest[];
  /** First those of the exam, then those of support: each in one order for every seed, so that vectors serve again. */
  texts: { exam: string[]; support: string[] };
}

const verbatimShare = 0.3;
/** Judged answers to support questions from before, of both models. */
const supportHistory = 100;
const supportFiles = ["clinc150-half.csv", "banking77-sample.csv"];

/** `undefined` when either data set is missing. */
export async function readMonth(dataFolder: string, seed: number): Promise<Month | undefined> {
  const random = createSeededRandom(seed);
  const { rows } = await readRoutingRows(dataFolder);
  const support = await readSupport(dataFolder);
  if (rows.length === 0 || support.length === 0) return undefined;
  const exam = shuffle(
    rows.map(({ prompt, weak, strong }, index) => ({ text: prompt, answerClass: `exam-${index}`, weak, strong })),
    random,
  ).map((row) => ({ ...row, category: "exam" as const }));
  const half = exam.length >> 1;
  const drawn = drawSupport(support, exam.length - half, random);
  const past = shuffle(support, random).slice(0, supportHistory);
  const texts = { exam: rows.map(({ prompt }) => prompt), support: support.map(({ text }) => text) };
  const placeOf = new Map([...texts.exam, ...texts.support].map((text, index) => [text, index]));
  const toRequest = ({ text, ...row }: Drawn, index: number): MonthRequest => ({
    id: `${row.category}-${index}`,
    text: placeOf.get(text)!,
    ...row,
  });
  return {
    history: [...exam.slice(0, half), ...past].map(toRequest),
    requests: shuffle([...exam.slice(half), ...drawn], random).map(toRequest),
    texts,
  };
}

interface Drawn extends Omit<MonthRequest, "id" | "text"> {
  text: string;
}

async function readSupport(dataFolder: string): Promise<Drawn[]> {
  const all: Drawn[] = [];
  for (const name of supportFiles) {
    const text = await readFile(join(dataFolder, "semcache", name), "utf8").catch(() => "");
    const [, ...rows] = parseCsv(text);
    for (const [said = "", intent = ""] of rows) {
      // Questions without an answer of their own cannot be scored as answered.
      if (intent === "" || intent === "oos") continue;
      all.push({ text: said, answerClass: `${name} ${intent}`, category: "support", weak: 1, strong: 1 });
    }
  }
  return all;
}

/** Intents in Zipf popularity, and now and then a question in the very words it was asked before. */
function drawSupport(support: readonly Drawn[], count: number, random: () => number): Drawn[] {
  const byClass = new Map<string, Drawn[]>();
  for (const row of support) byClass.set(row.answerClass, [...(byClass.get(row.answerClass) ?? []), row]);
  const classes = shuffle([...byClass.values()], random);
  const weights = classes.map((_, rank) => 1 / (rank + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn: Drawn[] = [];
  while (drawn.length < count) {
    if (drawn.length > 0 && random() < verbatimShare) {
      drawn.push(drawn[Math.floor(random() * drawn.length)]!);
      continue;
    }
    let left = random() * total;
    const index = weights.findIndex((weight) => (left -= weight) <= 0);
    const rows = classes[Math.max(0, index)]!;
    drawn.push(rows[Math.floor(random() * rows.length)]!);
  }
  return drawn;
}

function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const mixed = [...values];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [mixed[index], mixed[other]] = [mixed[other]!, mixed[index]!];
  }
  return mixed;
}
