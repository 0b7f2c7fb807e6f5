import { hash } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../limits/clock.ts";
import { silentLog } from "../testing/store-engines.ts";
import { type Audit, type AuditEntry, openAudit, verifyAudit } from "./audit.ts";
import { formatLine, genesisHash, hashBody, parseLine } from "./audit-format.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sophia-audit-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function entry(requestId: string, more: Partial<AuditEntry> = {}): AuditEntry {
  const argumentsHash = hash("sha256", requestId);
  const common = { caller: "tok_a", server: "ai", tool: "complete", effect: "read", phase: "call" as const };
  return { requestId, ...common, argumentsHash, outcome: "ok", durationMs: 3, ...more };
}

function open(writer = "ai", more: { checkpointEntries?: number; checkpointMs?: number } = {}): Promise<Audit> {
  return openAudit({ directory, writer, log: silentLog, clock: systemClock, ...more });
}

/** One finished chain with `entries` entries and a checkpoint in the middle; returns its name. */
async function writeChain(writer: string, entries: number): Promise<string> {
  const audit = await open(writer, { checkpointEntries: Math.ceil(entries / 2), checkpointMs: 1e6 });
  for (let index = 0; index < entries; index += 1) {
    if (index % 3 === 0) await audit.write(entry(`w${index}`, { phase: "before", planId: "pl_1", costUsd: 0.25 }));
    else await audit.read(entry(`r${index}`, { outcome: 'héllo "wörld"' }));
  }
  await audit.close();
  return audit.head().chain;
}

const chainPath = (chain: string): string => join(directory, `${chain}.jsonl`);
const readLinesOf = (chain: string): string[] => readFileSync(chainPath(chain), "utf8").split("\n").slice(0, -1);
const writeLines = (chain: string, lines: readonly string[]): void =>
  writeFileSync(chainPath(chain), lines.map((line) => `${line}\n`).join(""));

async function firstProblem(chain: string): Promise<{ line: number; reason: string } | undefined> {
  const report = await verifyAudit(directory);
  expect(report.ok).toBe(report.problems.length === 0);
  return report.problems.find((problem) => problem.chain === chain);
}

describe("openAudit", () => {
  it("writes what verifies, in files that only their owner can read", async () => {
    const first = await writeChain("ai", 10);
    const second = await writeChain("bi", 4);
    const report = await verifyAudit(directory);
    expect(report).toMatchObject({ ok: true, entries: 14, problems: [], notes: [] });
    expect(report.chains.map((chain) => [chain.chain, chain.end])).toEqual([
      [first, "closed"],
      [second, "closed"],
    ]);
    for (const file of readdirSync(directory)) {
      expect(statSync(join(directory, file)).mode & 0o077, file).toBe(0);
    }
    const lines = readLinesOf(first).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ seq: 1, kind: "start", chain: first });
    expect(lines[2]).toMatchObject({ seq: 3, kind: "entry", requestId: "w0", planId: "pl_1", costUsd: 0.25 });
    expect(lines.at(-1)).toMatchObject({ kind: "checkpoint" });
  });

  it("keeps hostile text on one line (fault 94)", async () => {
    const audit = await open();
    await audit.read(entry('a\r\n{"seq":9}\u2028', { tool: "x\u001b[2J" }));
    await audit.close();
    expect(readLinesOf(audit.head().chain)).toHaveLength(5);
    expect(await verifyAudit(directory)).toMatchObject({ ok: true, entries: 1 });
  });

  it("writes all calls of one turn at once, and answers each after it is written", async () => {
    const audit = await open();
    const calls = Array.from({ length: 200 }, (_, index) => audit.read(entry(`r${index}`)));
    const chain = audit.head().chain;
    expect(readLinesOf(chain)).toHaveLength(2);
    await Promise.race(calls);
    expect(readLinesOf(chain)).toHaveLength(202);
    await Promise.all(calls);
    await audit.close();
  });

  it("signs a checkpoint by count and by time, and lists the other chains", async () => {
    const other = await writeChain("bi", 2);
    const byCount = await open("ai", { checkpointEntries: 5, checkpointMs: 1e6 });
    for (let index = 0; index < 5; index += 1) await byCount.read(entry(`r${index}`));
    await vi.waitFor(() => expect(readLinesOf(byCount.head().chain).at(-1)).toContain('"kind":"checkpoint"'));
    expect(readLinesOf(byCount.head().chain)[1]).toContain(other);
    const byTime = await open("data", { checkpointMs: 20 });
    await byTime.read(entry("r"));
    await vi.waitFor(() => expect(readLinesOf(byTime.head().chain).at(-1)).toContain('"kind":"checkpoint"'));
    await Promise.all([byCount.close(), byTime.close()]);
    expect(await verifyAudit(directory)).toMatchObject({ ok: true });
  });

  it("verifies while others are writing", async () => {
    const audits = await Promise.all(["ai", "bi", "data"].map((writer) => open(writer, { checkpointEntries: 20 })));
    let isWriting = true;
    const writing = audits.map(async (audit) => {
      for (let index = 0; isWriting; index += 1) {
        await audit.read(entry(`r${index}`));
        if (index % 5 === 0) await delay(1);
      }
    });
    for (let round = 0; round < 5; round += 1) {
      expect((await verifyAudit(directory)).problems).toEqual([]);
    }
    isWriting = false;
    await Promise.all(writing);
    await Promise.all(audits.map((audit) => audit.close()));
  });

  it("still verifies old chains after the signing key was lost (fault 108)", async () => {
    await writeChain("ai", 3);
    rmSync(join(directory, "signing-key.pem"));
    await writeChain("ai", 3);
    const report = await verifyAudit(directory);
    expect(report).toMatchObject({ ok: true, entries: 6 });
    expect(report.keyIds).toHaveLength(2);
  });

  it("refuses to start in a folder that cannot be written", async () => {
    chmodSync(directory, 0o500);
    if (process.getuid?.() === 0) return;
    await expect(open()).rejects.toThrow();
  });
});

describe("verifyAudit", () => {
  it("names the line of every changed byte", async () => {
    const chain = await writeChain("ai", 8);
    const later = await writeChain("ai", 2);
    const original = readFileSync(chainPath(chain));
    const lineOf = (offset: number): number => original.subarray(0, offset).toString("latin1").split("\n").length;
    await fc.assert(
      fc.asyncProperty(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), async (offset, difference) => {
        const edited = Buffer.from(original);
        edited[offset] = (edited[offset] ?? 0) ^ difference;
        writeFileSync(chainPath(chain), edited);
        const problem = await firstProblem(chain);
        expect(problem?.line, `${offset}: ${problem?.reason}`).toBe(lineOf(offset));
      }),
      { numRuns: 250 },
    );
    writeFileSync(chainPath(chain), original);
    expect(await firstProblem(later)).toBeUndefined();
    expect((await verifyAudit(directory)).ok).toBe(true);
  });

  it("names the changed head record or key", async () => {
    const chain = await writeChain("ai", 2);
    for (const file of [`${chain}.head`, join("keys", readdirSync(join(directory, "keys"))[0] ?? "")]) {
      const original = readFileSync(join(directory, file));
      for (let offset = 0; offset < original.length - 1; offset += 7) {
        const edited = Buffer.from(original);
        edited[offset] = (edited[offset] ?? 0) ^ 1;
        writeFileSync(join(directory, file), edited);
        expect((await verifyAudit(directory)).ok, `${file} ${offset}`).toBe(false);
      }
      writeFileSync(join(directory, file), original);
    }
    expect((await verifyAudit(directory)).ok).toBe(true);
  });

  it("names the first line after deleted, moved and repeated ones", async () => {
    const chain = await writeChain("ai", 9);
    const lines = readLinesOf(chain);
    for (let index = 0; index < lines.length - 1; index += 1) {
      writeLines(chain, lines.toSpliced(index, 1));
      expect((await firstProblem(chain))?.line).toBe(index + 1);
      const swapped = lines.with(index, lines[index + 1] ?? "").with(index + 1, lines[index] ?? "");
      writeLines(chain, swapped);
      expect((await firstProblem(chain))?.line).toBe(index + 1);
      writeLines(chain, lines.toSpliced(index, 0, lines[index] ?? ""));
      expect((await firstProblem(chain))?.line).toBe(index + 2);
    }
  });

  it("notices every cut, at a line and inside one", async () => {
    const chain = await writeChain("ai", 6);
    await writeChain("ai", 1);
    const original = readFileSync(chainPath(chain));
    for (let length = 0; length < original.length; length += 37) {
      writeFileSync(chainPath(chain), original.subarray(0, length));
      const problem = await firstProblem(chain);
      expect(problem?.line).toBe(original.subarray(0, length).toString("latin1").split("\n").length);
    }
    const lines = readLinesOf(chain);
    for (let count = 0; count < lines.length; count += 1) {
      writeLines(chain, lines.slice(0, count));
      expect((await firstProblem(chain))?.line).toBe(count + 1);
    }
  });

  it("notices a deleted chain, with and without its head record", async () => {
    const alone = await writeChain("ai", 2);
    rmSync(chainPath(alone));
    expect((await firstProblem(alone))?.reason).toMatch(/whole file is missing/);
    rmSync(join(directory, `${alone}.head`));
    const first = await writeChain("ai", 2);
    await writeChain("bi", 2);
    rmSync(chainPath(first));
    rmSync(join(directory, `${first}.head`));
    expect((await firstProblem(first))?.reason).toMatch(/whole file is missing; bi-/);
    expect(await firstProblem(alone)).toBeUndefined();
  });

  it("notices a chain that was rebuilt with matching hashes", async () => {
    const chain = await writeChain("ai", 6);
    const bodies = readLinesOf(chain).map((line) => parseLine(line)?.body ?? "");
    for (const changed of [2, 3, 5]) {
      let previous = genesisHash(chain);
      const rebuilt = bodies.map((body, index) => {
        const text = index === changed ? body.replace('"outcome":"', '"outcome":"not ') : body;
        previous = hashBody(previous, text);
        return formatLine(text, previous).trimEnd();
      });
      expect(rebuilt).not.toEqual(readLinesOf(chain));
      const original = readFileSync(chainPath(chain));
      writeLines(chain, rebuilt);
      const problem = await firstProblem(chain);
      expect(problem?.reason).toMatch(/signature does not hold|is not the line that/);
      expect(problem?.line).toBeGreaterThan(changed);
      writeFileSync(chainPath(chain), original);
    }
  });

  it("notices a chain passed off under another name", async () => {
    const chain = await writeChain("ai", 2);
    const other = chain.replace(/.$/, (character) => (character === "0" ? "1" : "0"));
    writeFileSync(chainPath(other), readFileSync(chainPath(chain)));
    expect(await firstProblem(other)).toMatchObject({ line: 0, reason: "its head record is missing" });
  });

  it("tolerates and reports the torn end of a process that started again, and only that", async () => {
    const audit = await open("ai", { checkpointMs: 1e6 });
    await audit.read(entry("acknowledged"));
    const chain = audit.head().chain;
    const torn = `${readFileSync(chainPath(chain), "utf8")}{"seq":4,"at":17`;
    writeFileSync(chainPath(chain), torn);
    expect(await firstProblem(chain)).toMatchObject({ line: 4, reason: expect.stringMatching(/not started since/) });
    await writeChain("ai", 1);
    const report = await verifyAudit(directory);
    expect(report).toMatchObject({ ok: true, entries: 2 });
    expect(report.notes).toMatchObject([{ chain, line: 4, reason: expect.stringMatching(/killed/) }]);
    expect(report.chains[0]).toMatchObject({ chain, end: "torn", entries: 1 });
  });
});
