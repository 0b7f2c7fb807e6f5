// `pnpm bench pii [--json] [--seed N]`: particulars found in generated sentences of sixteen countries' spellings, with
// hard negatives. A find counts only with the right kind and the exact place. Patterns were written on seeds below 100.
import { parseArgs } from "node:util";
import { createRandom } from "@sophia/core/statistics/seeded-random";
import { findPii } from "../src/pii/find-pii.ts";
import type { PiiKind } from "../src/pii/pii-span.ts";
import { makePiiSentences } from "../src/pii/testing/make-pii-sentences.ts";
import { type PiiScore, scorePii } from "../src/pii/testing/score-pii.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "100" },
    misses: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const seed = Number(flags.seed);
const items = 6_000;
const sentences = makePiiSentences(items, createRandom(seed));

const startedAt = process.cpuUsage();
const found = sentences.map(({ text }) => findPii(text));
const used = process.cpuUsage(startedAt);
const characters = sentences.reduce((sum, { text }) => sum + text.length, 0);
const megabytesPerCpuSecond = characters / (used.user + used.system);

if (flags.misses) printMisses();
else print(scorePii(sentences, found));

function print(scores: Record<PiiKind, PiiScore>): void {
  if (flags.json) {
    const summary = { kinds: scores, megabytesPerCpuSecond, items, settings: { match: "kind and exact place" }, seed };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const rows = Object.entries(scores).map(([kind, { precision, recall, f1, labelled }]) =>
    [kind, precision.toFixed(3), recall.toFixed(3), f1.toFixed(3), String(labelled)]
      .map((cell) => cell.padEnd(11))
      .join(""),
  );
  const head = ["kind", "precision", "recall", "F1", "labelled"].map((cell) => cell.padEnd(11)).join("");
  const lines = [head, ...rows].map((line) => line.trimEnd());
  process.stdout.write(
    `${lines.join("\n")}\n${items} sentences, ${megabytesPerCpuSecond.toFixed(1)} million characters per CPU second\n`,
  );
}

/** What was found wrongly (+) or not found (-), for whoever writes patterns. */
function printMisses(): void {
  for (const [index, { text, spans }] of sentences.entries()) {
    const label = (list: typeof spans) =>
      list.map(({ kind, start, end }) => `${kind} ${start}-${end} ${text.slice(start, end)}`);
    const [wanted, got] = [label(spans), label(found[index] ?? [])];
    const extra = got.filter((entry) => !wanted.includes(entry)).map((entry) => `  + ${entry}`);
    const missing = wanted.filter((entry) => !got.includes(entry)).map((entry) => `  - ${entry}`);
    if (extra.length + missing.length > 0) process.stdout.write(`${[text, ...missing, ...extra].join("\n")}\n`);
  }
}
