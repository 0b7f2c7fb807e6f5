import { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../limits/clock.ts";
import { silentLog } from "../testing/store-engines.ts";
import { buildChainName, type ChainHead, formatLine } from "./audit-format.ts";
import { createHeadReader } from "./audit-heads.ts";
import { openAudit, verifyAudit } from "./audit.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sophia-heads-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const pathOf = (chain: string) => join(directory, `${chain}.jsonl`);
const line = (seq: number, kind: string) => formatLine(`{"seq":${seq},"at":1,"kind":"${kind}"`, "0".repeat(64));
const createReader = () =>
  createHeadReader(directory, (file) => {
    throw new Error(`not readable: ${file}`);
  });
const toPairs = (heads: readonly ChainHead[]) => heads.map(({ chain, seq }) => [chain, seq]);

/** A chain as it is on the disk, last written `minutesAgo`. */
function writeChain(kinds: readonly string[], minutesAgo = 0): string {
  const chain = buildChainName("ai", Date.now());
  writeFileSync(pathOf(chain), kinds.map((kind, index) => line(index + 1, kind)).join(""));
  const changedAt = Date.now() / 1_000 - minutesAgo * 60;
  utimesSync(pathOf(chain), changedAt, changedAt);
  return chain;
}

test("a chain that ended in order is read once; one that did not is read again when it has grown", async () => {
  const closed = writeChain(["start", "end", "checkpoint"]);
  const open = writeChain(["start", "end"]);
  const read = createReader();
  expect(new Map(toPairs(await read()) as [string, number][])).toEqual(
    new Map([
      [closed, 3],
      [open, 2],
    ]),
  );
  for (const chain of [closed, open]) appendFileSync(pathOf(chain), line(9, "entry"));
  expect(new Map(toPairs(await read()) as [string, number][])).toEqual(
    new Map([
      [closed, 3],
      [open, 9],
    ]),
  );
});

test("of many chains only the newest are named at first, an old one as soon as it grows", async () => {
  const closed = Array.from({ length: 80 }, (_, index) => writeChain(["start", "end", "checkpoint"], 1_000 + index));
  const old = writeChain(["start", "entry"], 2_000);
  const read = createReader();
  expect((await read()).map(({ chain }) => chain).toSorted()).toEqual(closed.slice(0, 64).toSorted());
  await read();
  for (const chain of [...closed, old]) appendFileSync(pathOf(chain), line(9, "entry"));
  const heads = toPairs(await read());
  expect(heads).toHaveLength(65);
  expect(heads.filter(([, seq]) => seq === 9)).toEqual([[old, 9]]);
});

test("a line longer than the first piece that is read still shows whether the chain is closed", async () => {
  const chain = writeChain(["start", "end"]);
  const heads = `{"seq":3,"at":1,"kind":"checkpoint","heads":"${"x".repeat(200_000)}"`;
  appendFileSync(pathOf(chain), formatLine(heads, "1".repeat(64)));
  const read = createReader();
  expect(toPairs(await read())).toEqual([[chain, 3]]);
  appendFileSync(pathOf(chain), line(9, "entry"));
  expect(toPairs(await read())).toEqual([[chain, 3]]);
});

test("the first checkpoint stays small however many chains there are, and each chain taken away is missed", async () => {
  const names: string[] = [];
  for (let index = 0; index < 75; index += 1) {
    const audit = await openAudit({ directory, writer: "cli", log: silentLog, clock: systemClock });
    await audit.close();
    names.push(audit.head().chain);
  }
  const [, first] = readFileSync(pathOf(names.at(-1)!), "utf8").split("\n");
  const { heads } = JSON.parse(first ?? "") as { heads: unknown[] };
  // The own chain is among the newest.
  expect(heads).toHaveLength(63);
  expect(await verifyAudit(directory)).toMatchObject({ ok: true });
  for (const extension of ["jsonl", "head"]) rmSync(join(directory, `${names[0]}.${extension}`));
  const { problems } = await verifyAudit(directory);
  expect(problems.map(({ chain }) => chain)).toEqual([names[0]]);
});
