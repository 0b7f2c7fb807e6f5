import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFixture, type Fixture } from "./start-fixture.ts";

const suites = { "0.1.16": "@modelcontextprotocol/conformance", "0.2.0-alpha.12": "conformance-next" };

interface Outcome {
  passed: number;
  failed: number;
  failing: string[];
}

/** Runs an official suite as a user would, from its command line, and reads its summary. */
function runSuite(version: keyof typeof suites, url: string, options: string[]): Promise<Outcome> {
  const script = join(
    dirname(createRequire(import.meta.url).resolve(`${suites[version]}/package.json`)),
    "dist/index.js",
  );
  const cwd = mkdtempSync(join(tmpdir(), "conformance-"));
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [script, "server", "--url", `${url}/mcp`, ...options],
      { cwd, timeout: 120_000, maxBuffer: 32 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        const output = `${stdout}\n${stderr}`;
        const total = /Total: (\d+) passed, (\d+) failed/.exec(output);
        if (!total) {
          reject(new Error(`The suite gave no summary:\n${output.slice(-2_000)}`));
          return;
        }
        const failing = [...output.matchAll(/^✗ ([\w-]+):/gm)].map((match) => match[1] ?? "");
        resolve({ passed: Number(total[1]), failed: Number(total[2]), failing: failing.toSorted() });
      },
    );
  });
}

/** What a server without sessions cannot do in the 2025 era: ask its client something in the middle of a call. */
const needsSessions = [
  "elicitation-sep1034-defaults",
  "elicitation-sep1330-enums",
  "tools-call-elicitation",
  "tools-call-sampling",
];

describe.each([
  { leg: "stateless", sessions: false },
  { leg: "sessions", sessions: true },
])("the official conformance suites, $leg", ({ sessions }) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({ sessions });
  });
  afterAll(() => fixture.close());

  test("0.1.16, all scenarios", { timeout: 130_000 }, async () => {
    const outcome = await runSuite("0.1.16", fixture.url, ["--suite", "all"]);
    expect(outcome).toEqual(
      sessions ? { passed: 44, failed: 0, failing: [] } : { passed: 30, failed: 4, failing: needsSessions },
    );
  });

  test("0.2, requirements of 2025-11-25", { timeout: 130_000 }, async () => {
    const outcome = await runSuite("0.2.0-alpha.12", fixture.url, ["--requirements", "2025-11-25"]);
    expect(outcome).toEqual(
      sessions ? { passed: 84, failed: 0, failing: [] } : { passed: 63, failed: 4, failing: needsSessions },
    );
  });

  test("0.2, requirements of 2026-07-28: only the Tasks extension is missing", { timeout: 130_000 }, async () => {
    const outcome = await runSuite("0.2.0-alpha.12", fixture.url, ["--requirements", "2026-07-28"]);
    expect(outcome.passed).toBeGreaterThanOrEqual(164);
    expect(outcome.failing.filter((scenario) => !scenario.startsWith("tasks-"))).toEqual([]);
  });
});
