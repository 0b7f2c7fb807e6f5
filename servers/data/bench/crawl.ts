/**
 * Pages a second over the direct fetch, beside Crawlee's CheerioCrawler: the same pages of one site on loopback, the
 * same number at a time, in turns. Both fetch, parse, and take title, links and visible text; "whole" is ours with the
 * full extraction of `fetch_page` (Readability, Markdown, language) in its thread, which Crawlee does not do.
 *
 * `pnpm bench crawl [--json] [--pages N] [--rounds N] [--concurrency N]`
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serverNodeFlags } from "@sophia/core/mcp/node-flags";
import type { CrawlReport, CrawlTask } from "./crawl/contender.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    pages: { type: "string", default: "5000" },
    rounds: { type: "string", default: "3" },
    concurrency: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
  },
  allowPositionals: true,
});
const [pages, rounds, concurrency] = [Number(values.pages), Number(values.rounds), Number(values.concurrency)];

interface Contender {
  name: string;
  child: ChildProcess;
  reports: CrawlReport[];
}

const children: ChildProcess[] = [];
process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** As `sophia up` runs its servers; Crawlee runs as Node does by itself, which is how its users have it. */
const execArgv = (script: string): string[] => (script.endsWith("ours.ts") ? [...serverNodeFlags] : []);

async function start(
  script: string,
  ...flags: string[]
): Promise<{ child: ChildProcess; first: Record<string, unknown> }> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), flags, {
    execArgv: execArgv(script),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  children.push(child);
  const [first] = (await once(child, "message")) as [Record<string, unknown>];
  return { child, first };
}

async function run({ child, reports }: Contender, task: CrawlTask): Promise<void> {
  child.send(task);
  const [report] = (await once(child, "message")) as [CrawlReport];
  if (report.pages !== task.count) throw new Error(`${report.pages} of ${task.count} pages were read`);
  reports.push(report);
}

function median(numbers: number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const site = await start("./crawl/site.ts");
const origin = `http://127.0.0.1:${String(site.first["port"])}`;
const contenders: Contender[] = [];
for (const [name, script, ...flags] of [
  ["ours", "./crawl/ours.ts"],
  ["crawlee", "./crawl/crawlee.ts"],
] as const) {
  contenders.push({ name, child: (await start(script, ...flags)).child, reports: [] });
}
const whole: Contender = { name: "whole", child: (await start("./crawl/ours.ts", "whole")).child, reports: [] };

// A few pages first, so that neither is measured while it compiles; not so many that memory is decided by them.
for (const contender of [...contenders, whole]) {
  await run(contender, { origin, from: 1_000_000, count: 50, concurrency });
  contender.reports.length = 0;
}
for (let round = 0; round < rounds; round += 1) {
  const task = { origin, from: round * pages, count: pages, concurrency };
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) await run(contender, task);
}
await run(whole, { origin, from: 0, count: Math.min(pages, 500), concurrency });

const rows = [...contenders, whole].map(({ name, reports }) => ({
  name,
  pagesPerSecond: median(reports.map(({ pages: number, ms }) => (number / ms) * 1_000)),
  cpuMsPerPage: median(reports.map(({ pages: number, cpuMs }) => cpuMs / number)),
  peakRssMb: Math.max(...reports.map(({ rssMb }) => rssMb)),
  linksPerPage: (reports[0]?.links ?? 0) / (reports[0]?.pages ?? 1),
  textCharactersPerPage: (reports[0]?.textCharacters ?? 0) / (reports[0]?.pages ?? 1),
}));
const [ours, crawlee] = rows;
const ratios = (contenders[0]?.reports ?? []).map(
  (report, round) => (contenders[1]?.reports[round]?.ms ?? 0) / report.ms,
);
const summary = {
  speedRatio: Number(median(ratios).toFixed(2)),
  lowestSpeedRatio: Number(Math.min(...ratios).toFixed(2)),
  cpuRatio: Number(((ours?.cpuMsPerPage ?? 0) / (crawlee?.cpuMsPerPage ?? 1)).toFixed(2)),
  rssRatio: Number(((ours?.peakRssMb ?? 0) / (crawlee?.peakRssMb ?? 1)).toFixed(2)),
  rows: rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key, typeof value === "number" ? Number(value.toFixed(2)) : value]),
    ),
  ),
  settings: { pages, rounds, concurrency, work: "fetch, parse, title, links, visible text; nothing stored" },
  seed: Number(values.seed),
};
if (values.json) {
  process.stdout.write(`${JSON.stringify(summary)}\n`);
} else {
  const lines = rows.map((row) =>
    [row.name, row.pagesPerSecond, row.cpuMsPerPage, row.peakRssMb, row.linksPerPage, row.textCharactersPerPage]
      .map((cell) => (typeof cell === "number" ? cell.toFixed(1) : cell).padEnd(14))
      .join("")
      .trimEnd(),
  );
  const head = ["", "pages/s", "CPU ms/page", "peak RSS MB", "links/page", "characters"]
    .map((cell) => cell.padEnd(14))
    .join("");
  process.stdout.write(
    `${[head.trimEnd(), ...lines].join("\n")}\n${summary.speedRatio}× Crawlee's pages a second (lowest round ${summary.lowestSpeedRatio}), ` +
      `${summary.rssRatio}× its memory, ${summary.cpuRatio}× its CPU; ${pages} pages × ${rounds} rounds, ${concurrency} at a time\n`,
  );
}
process.exit();
