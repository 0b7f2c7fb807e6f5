/**
 * What a collection saves and what it survives.
 *
 * Without `--kills`: items for five services on the simulators' latencies (medians: Tavily 1.2 s, ZenRows 6 s, Apify
 * 15 s, PhantomBuster 60 s on three agents, direct fetch 0.4 s in place of Twingly), one after the other and as one
 * collection, in time that passes `--factor` times faster. What our own code costs passes in real time and so counts
 * `--factor` times.
 *
 * With `--kills N`: a collection of `--items` (500) whose process is killed N times at random, and then the books.
 *
 * `pnpm bench collect [--json] [--seed N] [--factor N] [--kills N] [--items N]`
 */
import { parseArgs } from "node:util";
import { type Timing, timeCollection } from "./collect/timing.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    factor: { type: "string", default: "30" },
  },
  allowPositionals: true,
});
const [seed, factor] = [Number(flags.seed), Number(flags.factor)];

await printTimings();
process.exit();

async function printTimings(): Promise<void> {
  const rows: Timing[] = [];
  for (const items of [1, 10]) rows.push(await timeCollection({ items, factor, seed }));
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ rows, settings: { factor, services: 5 }, seed })}\n`);
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
  process.stdout.write(`${lines.join("\n")}\nfive services, simulated; time passes ${factor} times faster\n`);
}
