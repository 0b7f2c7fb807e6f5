/**
 * The ESC evaluator: how many conformance cases pass at each level, and what opening costs.
 *
 * `pnpm bench esc [--json] [--seed N] [--rounds N]`, over the folder `esc-eval` of BENCH_DATA.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readConformanceCases } from "../src/secrets/esc/testing/conformance-case.ts";
import { scoreCase } from "../src/secrets/esc/testing/score-case.ts";
import { measureSpeed } from "./esc/measure-speed.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    rounds: { type: "string", default: "100" },
  },
  allowPositionals: true,
});
const projectRoot = join(import.meta.dirname, "../../..");
const directory = join(process.env["BENCH_DATA"] ?? join(projectRoot, "../shared/data"), "esc-eval");

const cases = readConformanceCases(directory);
if (cases.length === 0) {
  process.stderr.write(`skipped: no cases in ${directory}; set BENCH_DATA to the folder that holds esc-eval/.\n`);
} else await run();

async function run(): Promise<void> {
  const scores = await Promise.all(
    cases.map(async (testCase) => ({ name: testCase.name, ...(await scoreCase(testCase)) })),
  );
  const count = (level: "l1" | "l2" | "l3"): number => scores.filter((score) => score[level]).length;
  const rounds = Number(options.rounds);
  const summary = {
    l1: count("l1"),
    l2: count("l2"),
    l3: count("l3"),
    items: cases.length,
    ...(await measureSpeed(rounds)),
    settings: { rounds, crypter: "rot128", providers: "test, error, schema, secret-wrapper", rotators: "swap, echo" },
    seed: Number(options.seed),
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  for (const { name, failures } of scores) {
    if (failures.length > 0) process.stdout.write(`${name}\n${failures.map((failure) => `  ${failure}\n`).join("")}`);
  }
  const show = ({ wallMs, cpuMs }: { wallMs: number; cpuMs: number }): string => `${wallMs} ms (CPU ${cpuMs} ms)`;
  const rows: [string, string][] = [
    ["values (L1)", `${summary.l1} of ${summary.items}`],
    ["and diagnostics (L2)", `${summary.l2} of ${summary.items}`],
    ["and positions, flags, traces (L3)", `${summary.l3} of ${summary.items}`],
    ["open, 45 keys, 40 of them sealed, median", show(summary.open)],
    ["open for the first time", show(summary.firstOpen)],
    ["1,000 imports, each of the next", show(summary.deepImports)],
    ["1,000 imports side by side", show(summary.wideImports)],
  ];
  process.stdout.write(`${rows.map(([label, value]) => `${label.padEnd(42)}${value}`).join("\n")}\n`);
}
