/**
 * What a collection saves and what it survives.
 *
 * Without `--kills`: items for five services on the simulators' latencies (medians: Tavily 1.2 s, ZenRows 6 s, Apify
 * 15 s, PhantomBuster 60 s on three agents, direct fetch 0.4 s in place of Twingly), one after the other and as one
 * collection, in time that passes `--factor` times faster; the median of `--rounds` seeds. What our own code costs
 * passes in real time and so counts `--factor` times.
 *
 * With `--kills N`: a collection of `--items` (500) whose process is killed N times at random, and then the books.
 *
 * `pnpm bench collect [--json] [--seed N] [--factor N] [--rounds N] [--kills N] [--items N]`
 */
import { parseArgs } from "node:util";
import { runUnderKills } from "./collect/kills.ts";
import { type Timing, timeCollection } from "./collect/timing.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    factor: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    kills: { type: "string", default: "0" },
    items: { type: "string", default: "500" },
  },
  allowPositionals: true,
});
const [seed, factor, rounds] = [Number(flags.seed), Number(flags.factor), Number(flags.rounds)];

if (Number(flags.kills) > 0) await printKills();
else await printTimings();
process.exit();

async function printKills(): Promise<void> {
  const report = await runUnderKills({ items: Number(flags.items), kills: Number(flags.kills), factor, seed });
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ ...report, settings: { factor }, seed })}\n`);
    return;
  }
  const { items, kills, states, missing, sentTwice, ledgerUsd, collectionUsd, vendorCredits, ledgerCredits } = report;
  const lines = [
    `${items} items, killed ${kills} times: ${missing} missing or there twice, ${sentTwice} sent twice`,
    `ended as: ${Object.entries(states)
      .map(([state, count]) => `${count} ${state}`)
      .join(", ")}`,
    `cost: ${ledgerUsd.toFixed(4)} USD in the ledger, ${collectionUsd.toFixed(4)} USD in the collection`,
    `credits of Tavily: ${vendorCredits.tavily} at the vendor, ${ledgerCredits.tavily} in the ledger`,
    `credits of ZenRows: ${vendorCredits.zenrows} at the vendor, ${ledgerCredits.zenrows} in the ledger`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function printTimings(): Promise<void> {
  const rows: Timing[] = [];
  for (const items of [1, 10]) {
    const timings: Timing[] = [];
    for (let round = 0; round < rounds; round += 1) {
      timings.push(await timeCollection({ items, factor, seed: seed + round }));
    }
    rows.push(pickMedian(timings));
  }
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ rows, settings: { factor, rounds, services: 5 }, seed })}\n`);
    return;
  }
  const cells = rows.map(({ items, sequentialS, collectionS, saved, failed }) => [
    String(items),
    sequentialS.toFixed(1),
    collectionS.toFixed(1),
    `${(saved * 100).toFixed(1)} %`,
    String(failed),
  ]);
  const head = ["items each", "in turn s", "together s", "saved", "failed"];
  const lines = [head, ...cells].map((row) =>
    row
      .map((cell) => cell.padEnd(13))
      .join("")
      .trimEnd(),
  );
  process.stdout.write(
    `${lines.join("\n")}\nfive services, simulated; time passes ${factor} times faster; the median of ${rounds} rounds\n`,
  );
}

/** The round in the middle by what it saved, with all failures. */
function pickMedian(timings: readonly Timing[]): Timing {
  const middle = timings.toSorted((left, right) => left.saved - right.saved)[Math.floor(timings.length / 2)];
  if (!middle) throw new Error("There was no round.");
  return { ...middle, failed: timings.reduce((sum, { failed }) => sum + failed, 0) };
}
