/**
 * What the gateway costs: direct, an undici floor, Portkey's gateway and ours in one run, window by window in turn.
 * Ours runs its whole pipeline (bearer, key policy, exact look-up missed, budget reserved, cost, ledger, span).
 *
 * `pnpm bench gateway [--json] [--seconds N] [--rounds N] [--alone N] [--only NAME,…]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Contender, startOurs, startPortkey, startScript } from "./gateway/contenders.ts";
import { type LoadWindow, type Question, runAlone, runLoad } from "./gateway/load.ts";
import { median, quantile, readRssMb } from "./gateway/process-figures.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    alone: { type: "string", default: "600" },
    only: { type: "string", default: "" },
    seed: { type: "string", default: "1" },
  },
});
const [seconds, rounds, aloneCount] = [Number(values.seconds), Number(values.rounds), Number(values.alone)];

const folder = mkdtempSync(join(tmpdir(), "sophia-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const direct = await startScript("direct", "./upstream.ts");
const floor = await startScript("undici floor", "./floor.ts", { arguments: [direct.url] });
const portkey = await startPortkey(direct.url);
const ours = await startOurs(direct.url, folder);

const model = "bench/model";
const exact = { "x-sophia-cache": "exact" };
const named: Question = { model, headers: exact };
const streamed: Question = { ...named, stream: true };
interface Row {
  key: string;
  contender: Contender;
  question: Question;
}
const rows: Row[] = [
  { key: "direct", contender: direct, question: named },
  { key: "floor", contender: floor, question: named },
  { key: "portkey", contender: portkey, question: named },
  { key: "ours", contender: ours, question: named },
  { key: "directStream", contender: direct, question: streamed },
  { key: "floorStream", contender: floor, question: streamed },
  { key: "portkeyStream", contender: portkey, question: streamed },
  { key: "oursStream", contender: ours, question: streamed },
  { key: "oursHit", contender: ours, question: { ...named, same: true } },
  { key: "oursAuto", contender: ours, question: { model: "auto", headers: exact } },
  { key: "oursSemantic", contender: ours, question: { model, headers: { "x-sophia-cache": "use" } } },
].filter(({ key }) => values.only === "" || values.only.split(",").includes(key));

const windows = new Map<string, LoadWindow[]>(rows.map(({ key }) => [key, []]));
const loopDelays = new Map<string, number[]>(rows.map(({ key }) => [key, []]));
const alone = new Map<string, { firstUs: number[]; wholeUs: number[]; errors: number }>();
/** They load the embedding model, so they are warmed up only when memory has been read. */
const embeddingRows = ["oursAuto", "oursSemantic"];
for (const { key, contender, question } of rows) {
  if (!embeddingRows.includes(key)) await runLoad(contender, question, 1);
}
const rss: Record<string, number> = {};
for (let round = 0; round < rounds; round += 1) {
  for (const { key, contender, question } of rows) {
    if (round === 0 && embeddingRows.includes(key)) await runLoad(contender, question, 1);
    if (contender === ours) await ours.askLoopDelay?.();
    windows.get(key)?.push(await runLoad(contender, question, seconds));
    if (contender === ours) loopDelays.get(key)?.push((await ours.askLoopDelay?.()) ?? Number.NaN);
    if (round === 0 && !embeddingRows.includes(key)) rss[contender.name] = readRssMb(contender.pid);
    const timed = await runAlone(contender, question, Math.ceil(aloneCount / rounds));
    const known = alone.get(key) ?? { firstUs: [], wholeUs: [], errors: 0 };
    known.firstUs.push(...timed.firstUs);
    known.wholeUs.push(...timed.wholeUs);
    known.errors += timed.errors;
    alone.set(key, known);
  }
}
rss["Sophia with embedding"] = readRssMb(ours.pid);

function summarise(key: string) {
  const list = windows.get(key) ?? [];
  const times = alone.get(key) ?? { firstUs: [], wholeUs: [], errors: 0 };
  const of = (name: keyof LoadWindow) => median(list.map((window) => window[name]));
  return {
    requestsPerSecond: Math.round(of("requestsPerSecond")),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    cpuUs: Math.round(of("cpuUs")),
    aloneP50Us: Math.round(median(times.wholeUs)),
    aloneP99Us: Math.round(quantile(times.wholeUs, 0.99)),
    firstByteP50Us: Math.round(median(times.firstUs)),
    loopDelayP99Ms: Number(median(loopDelays.get(key) ?? []).toFixed(1)),
    errors: list.reduce((sum, window) => sum + window.errors, 0) + times.errors,
  };
}

const figures = Object.fromEntries(rows.map(({ key }) => [key, summarise(key)]));
const difference = (key: string, other: string, name: "aloneP50Us" | "firstByteP50Us") =>
  ((figures[key]?.[name] ?? Number.NaN) - (figures[other]?.[name] ?? Number.NaN)) / 1_000;
const ratio = (key: string, other: string) =>
  (figures[key]?.requestsPerSecond ?? Number.NaN) / (figures[other]?.requestsPerSecond ?? Number.NaN);
const goals = {
  rpsOverPortkey: ratio("ours", "portkey"),
  streamRpsOverPortkey: ratio("oursStream", "portkeyStream"),
  cpuUs: figures["ours"]?.cpuUs ?? Number.NaN,
  hitCpuUs: figures["oursHit"]?.cpuUs ?? Number.NaN,
  addedP50Ms: difference("ours", "direct", "aloneP50Us"),
  addedP50PortkeyMs: difference("portkey", "direct", "aloneP50Us"),
  addedFirstByteMs: difference("oursStream", "directStream", "firstByteP50Us"),
  addedFirstBytePortkeyMs: difference("portkeyStream", "directStream", "firstByteP50Us"),
  rssMb: rss["Sophia"] ?? Number.NaN,
  loopDelayP99Ms: figures["oursSemantic"]?.loopDelayP99Ms ?? Number.NaN,
  errors: Object.values(figures).reduce((sum, row) => sum + row.errors, 0),
};
const rounded = Object.fromEntries(Object.entries(goals).map(([key, value]) => [key, Number(value.toFixed(2))]));
const wanted: Record<keyof typeof goals, string> = {
  rpsOverPortkey: "≥ 3",
  streamRpsOverPortkey: "≥ 1.8",
  cpuUs: "≤ 400",
  hitCpuUs: "≤ 150",
  addedP50Ms: "≤ 0.7",
  addedP50PortkeyMs: "",
  addedFirstByteMs: "≤ 1",
  addedFirstBytePortkeyMs: "",
  rssMb: "≤ 200",
  loopDelayP99Ms: "≤ 20",
  errors: "0",
};
if (values.json) {
  const settings = { seconds, rounds, aloneCount, connections: 32 };
  const rssMb = Object.fromEntries(Object.entries(rss).map(([name, mb]) => [name, Math.round(mb)]));
  console.log(
    JSON.stringify({ goals: rounded, rows: figures, rssMb, items: rows.length, settings, seed: Number(values.seed) }),
  );
} else {
  console.table(figures);
  console.table(
    Object.fromEntries(
      Object.entries(rounded).map(([key, value]) => [key, { value, goal: wanted[key as keyof typeof goals] }]),
    ),
  );
  console.table(rss);
}
process.exit(0);
