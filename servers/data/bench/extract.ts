import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import { extractPage } from "../src/domain/extract-page.ts";

// Main-text extraction against labelled pages, beside Readability alone in the same run.
// Scored as scrapinghub/article-extraction-benchmark does: multisets of 4-word shingles, mean precision and recall.

type GroundTruth = Record<string, { articleBody: string; url: string }>;

interface Score {
  precision: number;
  recall: number;
}

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const projectRoot = join(import.meta.dirname, "../../..");
const directory = join(process.env["BENCH_DATA"] ?? join(projectRoot, "../shared/data"), "extraction");

const truth = await readTruth();
if (truth) await run(truth);

async function readTruth(): Promise<GroundTruth | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, "ground-truth.json"), "utf8")) as GroundTruth;
  } catch {
    process.stderr.write(
      `skipped: no labelled pages in ${directory}; set BENCH_DATA to the folder that holds extraction/.\n`,
    );
    return undefined;
  }
}

async function run(truth: GroundTruth): Promise<void> {
  const ours: Score[] = [];
  const rival: Score[] = [];
  let ourMs = 0;
  let rivalMs = 0;
  for (const [id, { articleBody, url }] of Object.entries(truth)) {
    const body = gunzipSync(await readFile(join(directory, "html", `${id}.html.gz`)));
    const expected = shingles(articleBody);
    let startedAt = performance.now();
    const page = extractPage({ body, contentType: "text/html", contentLanguage: undefined, url, now: Date.now() });
    ourMs += performance.now() - startedAt;
    ours.push(compare(shingles(page.text), expected));
    startedAt = performance.now();
    const text = readWithRival(body.toString("utf8"));
    rivalMs += performance.now() - startedAt;
    rival.push(compare(shingles(text), expected));
  }
  report(Object.keys(truth).length, { ours: mean(ours), rival: mean(rival), ourMs, rivalMs });
}

function readWithRival(html: string): string {
  const { document } = parseHTML(html) as unknown as { document: never };
  return new Readability(document).parse()?.textContent ?? "";
}

function shingles(text: string): Map<string, number> {
  const words = text.match(/[\p{L}\p{N}_]+/gu) ?? [];
  const counts = new Map<string, number>();
  const size = Math.min(4, words.length);
  for (let start = 0; size > 0 && start + size <= words.length; start += 1) {
    const key = words.slice(start, start + size).join(" ");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function compare(found: Map<string, number>, expected: Map<string, number>): Score {
  let common = 0;
  for (const [key, count] of found) common += Math.min(count, expected.get(key) ?? 0);
  return { precision: share(common, sum(found), sum(expected)), recall: share(common, sum(expected), sum(found)) };
}

function share(common: number, of: number, other: number): number {
  if (of === 0) return other === 0 ? 1 : 0;
  return common / of;
}

function sum(counts: Map<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function mean(scores: Score[]): Score & { f1: number } {
  const precision = scores.reduce((total, score) => total + score.precision, 0) / scores.length;
  const recall = scores.reduce((total, score) => total + score.recall, 0) / scores.length;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

function report(
  items: number,
  results: { ours: ReturnType<typeof mean>; rival: ReturnType<typeof mean>; ourMs: number; rivalMs: number },
): void {
  const { ours, rival } = results;
  const summary = {
    precision: round(ours.precision),
    recall: round(ours.recall),
    f1: round(ours.f1),
    readabilityF1: round(rival.f1),
    pagesPerSecond: round(items / (results.ourMs / 1000)),
    readabilityPagesPerSecond: round(items / (results.rivalMs / 1000)),
    items,
    settings: { shingle: 4, text: "plain text of the extracted content", rules: "fixed beforehand" },
    seed: Number(options.seed),
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const rows = [
    ["", "precision", "recall", "F1", "pages/s"],
    ["sophia", ...[ours.precision, ours.recall, ours.f1].map(asText), String(summary.pagesPerSecond)],
    [
      "readability",
      ...[rival.precision, rival.recall, rival.f1].map(asText),
      String(summary.readabilityPagesPerSecond),
    ],
  ];
  const lines = rows.map((row) =>
    row
      .map((cell) => cell.padEnd(12))
      .join("")
      .trimEnd(),
  );
  process.stdout.write(`${lines.join("\n")}\n${items} pages\n`);
}

function asText(value: number): string {
  return value.toFixed(3);
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
