import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../limits/clock.ts";
import { startScript } from "../testing/child-script.ts";
import { post, rpc } from "../testing/raw-http.ts";
import { createSampleServices, sampleServer } from "../testing/sample-server.ts";
import { silentLog } from "../testing/store-engines.ts";
import { startTestServer } from "../testing/test-server.ts";
import { type AuditEntry, openAudit, verifyAudit } from "./audit.ts";

/** Of the operating system; needs the right to mount. */
const programs = { mount: "mount", unmount: "umount" };

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sophia-audit-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const entry = (requestId: string): AuditEntry => ({
  requestId,
  caller: "tok_a",
  server: "ai",
  tool: "complete",
  effect: "read",
  phase: "call",
  argumentsHash: "0".repeat(64),
  outcome: "ok",
});

/** Records without pause, 8 at a time, reads and writes mixed, and says which were acknowledged. */
const writerSource = `
import { openAudit } from ${JSON.stringify(new URL("./audit.ts", import.meta.url).href)};
import { systemClock } from ${JSON.stringify(new URL("../limits/clock.ts", import.meta.url).href)};
const [directory, round, common] = process.argv.slice(-3).map((value) => JSON.parse(value));
const log = { debug() {}, error() {} };
const audit = await openAudit({ directory, writer: "ai", log, clock: systemClock, checkpointEntries: 50 });
let next = 0;
async function work() {
  for (;;) {
    const requestId = round + "-" + next++;
    await (next % 4 === 0 ? audit.write({ ...common, requestId }) : audit.read({ ...common, requestId }));
    process.stdout.write("ack " + requestId + "\\n");
  }
}
await Promise.all(Array.from({ length: 8 }, work));
`;

describe("the audit trail under faults", () => {
  it("loses no acknowledged line over ten kills at random moments (fault 48)", async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 10; round += 1) {
      const writer = startScript(writerSource, directory, round, entry(""));
      await writer.waitFor("ack");
      await delay(Math.random() * 60);
      writer.kill("SIGKILL");
      await writer.ended;
      // The last line on the pipe may be cut by the kill; a cut id would be found as another entry's prefix.
      for (const line of writer.lines.slice(0, -1)) acknowledged.add(line.slice(4));
    }
    const closing = await openAudit({ directory, writer: "ai", log: silentLog, clock: systemClock });
    await closing.close();
    const report = await verifyAudit(directory);
    expect(report.problems).toEqual([]);
    expect(report.chains).toHaveLength(11);
    const chains = readdirSync(directory).filter((file) => file.endsWith(".jsonl"));
    const recorded = new Set<string>();
    for (const chain of chains) {
      const text = readFileSync(join(directory, chain), "utf8");
      for (const match of text.matchAll(/"requestId":"([^"]+)"/g)) recorded.add(match[1] ?? "");
    }
    expect(acknowledged.size).toBeGreaterThan(100);
    expect([...acknowledged].filter((id) => !recorded.has(id))).toEqual([]);
  }, 120_000);

  it("refuses changes and lets reads pass while the disk is full, and goes on when there is room (fault 46)", async ({
    skip,
  }) => {
    const disk = join(directory, "disk");
    mkdirSync(disk);
    skip(!mountDisk(disk, "64k"), "this user cannot mount a small disk");
    try {
      const audit = await openAudit({ directory: disk, writer: "ai", log: silentLog, clock: systemClock });
      await audit.write(entry("before"));
      fillDisk(disk);
      let refused = 0;
      for (let index = 0; index < 40; index += 1) {
        await audit.read(entry(`lost-${index}`));
        await audit.write(entry(`change-${index}`)).catch((error: unknown) => {
          expect(error).toMatchObject({ kind: "unavailable", retryable: true });
          refused += 1;
        });
      }
      expect(refused).toBeGreaterThan(20);
      expect(audit.lost()).toBeGreaterThan(20);
      expect(await audit.check()).toEqual({
        ok: false,
        detail: `cannot be written: changes are refused, ${audit.lost()} calls not recorded`,
      });
      rmSync(join(disk, "filler"));
      // Asking is enough: a server that nobody calls while it is unwell would stay so for ever.
      expect(await audit.check()).toMatchObject({ ok: true });
      await audit.write(entry("after"));
      await audit.close();
      const report = await verifyAudit(disk);
      expect(report.problems).toEqual([]);
      expect(report.notes.map((note) => note.reason)).toContain(
        `${audit.lost()} calls before it could not be recorded`,
      );
      expect(report.entries).toBe(2 + (40 - audit.lost()) + (40 - refused));
    } finally {
      execFileSync(programs.unmount, [disk]);
    }
  });
});

it("shows a full disk in /healthz and /metrics while reads go on (fault 46)", async ({ skip }) => {
  skip(!mountDisk(directory, "512k"), "this user cannot mount a small disk");
  const services = createSampleServices();
  const environment = { SOPHIA_DATA_DIR: directory };
  const server = await startTestServer({ definition: sampleServer, services, environment } as never);
  try {
    const bearer = await server.bearer();
    fillDisk(directory);
    const echo = rpc("modern", "tools/call", { name: "echo_text", arguments: { text: "x" } });
    // The last block has room for some lines.
    for (let index = 0; index < 30; index += 1) expect((await post(server.url, bearer, echo)).status).toBe(200);
    const read = async (path: string): Promise<string> =>
      (await fetch(new URL(path, server.url), { headers: { authorization: `Bearer ${bearer}` } })).text();
    expect(JSON.parse(await read("/healthz"))).toMatchObject({
      status: "degraded",
      checks: [{ name: "audit", ok: false, detail: expect.stringContaining("changes are refused") as string }],
    });
    expect(await read("/metrics")).toMatch(/^sophia_audit_lost_total\{server="[a-z]+"\} [1-9]/m);
    expect((await fetch(new URL("/readyz", server.url))).status).toBe(200);
  } finally {
    await server.close();
    execFileSync(programs.unmount, [directory]);
  }
});

describe("an audit file that cannot be read", () => {
  it("is named by the start and by verify, and keeps nobody from going on", async () => {
    const first = await openAudit({ directory, writer: "ai", log: silentLog, clock: systemClock });
    await first.read(entry("one"));
    await first.close();
    // A folder in its place: the superuser of a container may read any file.
    const { chain } = first.head();
    rmSync(join(directory, `${chain}.jsonl`));
    mkdirSync(join(directory, `${chain}.jsonl`));
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const second = await openAudit({ directory, writer: "ai", log, clock: systemClock, checkpointEntries: 1 });
    for (let index = 0; index < 3; index += 1) await second.write(entry(`more-${index}`));
    await second.close();
    const told = lines.filter((line) => line.includes("cannot be read"));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`${chain}.jsonl`);
    const report = await verifyAudit(directory);
    expect(report).toMatchObject({ ok: false, entries: 3, problems: [{ chain, reason: "cannot be read (EISDIR)" }] });
  });

  it("is no reason to call an audit without its folder whole", async () => {
    writeFileSync(join(directory, "file"), "");
    await expect(verifyAudit(join(directory, "file"))).rejects.toMatchObject({ kind: "not_configured" });
  });
});

function mountDisk(disk: string, size: string): boolean {
  try {
    execFileSync(programs.mount, ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function fillDisk(disk: string): void {
  for (let size = 524_288; size > 0; size -= 4_096) {
    try {
      writeFileSync(join(disk, "filler"), "x".repeat(size));
      return;
    } catch {
      // Not that much room.
    }
  }
}
