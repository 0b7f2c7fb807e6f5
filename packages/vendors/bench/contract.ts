/**
 * Clients and simulators under other people's eyes: each client's operations go through Prism as a proxy that checks
 * requests and answers against the vendor's own specification. Our own check of the same exchanges stands beside it; it
 * also finds names that no schema mentions, which Prism lets by.
 *
 * `BENCH_SPECS=… pnpm bench contract [--json]`
 */
import { parseArgs } from "node:util";
import type { Exchange } from "@sophia/core/testing/contract/exchange";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { readViolations, startPrism } from "../src/testing/start-prism.ts";
import { apifyRun } from "./contract/apify.ts";
import type { ContractRun } from "./contract/contract-run.ts";
import { tavilyRun } from "./contract/tavily.ts";
import { zenrowsRun } from "./contract/zenrows.ts";

const runs: readonly ContractRun[] = [apifyRun, tavilyRun, zenrowsRun];

interface Checked {
  vendor: string;
  exchanges: number;
  operations: number;
  prismRequestViolations: string[];
  prismResponseViolations: string[];
  unknownNames: string[];
  otherViolations: string[];
}

async function check(run: ContractRun, file: string): Promise<Checked> {
  const simulator = await run.start();
  const upstream = new URL(simulator.url);
  const prism = await startPrism({ specification: file, upstream: upstream.origin + run.prefix });
  if (!prism) throw new Error("Prism is not installed: start this with `pnpm bench contract`.");
  const recorder = await startRecorder(prism.url);
  try {
    await run.drive(`${recorder.url}${upstream.pathname.slice(run.prefix.length)}`);
    const exchanges = [...recorder.exchanges()];
    await assertPrismSees(recorder, exchanges);
    const told = exchanges.flatMap(readViolations);
    const write = (part: string): string[] =>
      told
        .filter(({ location }) => location.startsWith(part))
        .map(({ exchange, location, message }) => `${exchange} ${location}: ${message}`);
    const specification = loadSpecification(file, run.options);
    const own = exchanges.flatMap((exchange) =>
      specification.check({ ...exchange, path: `${run.specificationPrefix}${exchange.path}` }),
    );
    const worded = (isName: boolean): string[] =>
      own
        .filter(({ kind }) => (kind === "unknown_name" || kind === "unknown_operation") === isName)
        .map(({ operation, pointer, message }) => `${operation} ${pointer}: ${message}`);
    return {
      vendor: run.vendor,
      exchanges: exchanges.length,
      operations: specification.seen().length,
      prismRequestViolations: write("request"),
      prismResponseViolations: write("response"),
      unknownNames: worded(true),
      otherViolations: worded(false),
    };
  } finally {
    await recorder.close();
    await prism.close();
    await simulator.close();
  }
}

/** The same reads without a credential are wrong, and Prism has to say so: else its silence would mean nothing. */
async function assertPrismSees(recorder: Recorder, exchanges: readonly Exchange[]): Promise<void> {
  const before = recorder.exchanges().length;
  const { origin } = new URL(recorder.url);
  for (const { path } of exchanges.filter(({ method }) => method === "GET")) await fetch(`${origin}${path}`);
  const seen = recorder.exchanges().slice(before).flatMap(readViolations);
  if (seen.length === 0) throw new Error("Prism does not see planted faults.");
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, seed: { type: "string" } } });
const checked: Checked[] = [];
for (const run of runs) {
  const file = findSpecification(run.specification);
  if (file !== undefined) checked.push(await check(run, file));
}
if (values.json) process.stdout.write(`${JSON.stringify({ bench: "contract", vendors: checked })}\n`);
else for (const each of checked) report(each);

function report(each: Checked): void {
  const { vendor, exchanges, operations, ...found } = each;
  process.stdout.write(`${vendor}: ${exchanges} exchanges, ${operations} operations of the specification\n`);
  for (const [name, violations] of Object.entries(found)) {
    process.stdout.write(`  ${name}: ${violations.length}\n`);
    for (const violation of new Set(violations)) process.stdout.write(`    ${violation}\n`);
  }
}
