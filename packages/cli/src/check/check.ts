import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPeers } from "@sophia/core/testing/peers";
import type { TestCount } from "./count-tests.ts";
import { countTests, formatCount } from "./count-tests.ts";

// The one check: types, lint, format, unused code, generated files, tests. CI runs this and nothing else.
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const stepTimeoutMs = 5 * 60_000;
/** They take some ten minutes on two cores; this only ends what hangs, and by then its file has been named. */
const testsTimeoutMs = 45 * 60_000;
const maxOutputLength = 20_000;

/** Each step runs a program of node_modules on this Node: no shell, no PATH. */
const steps: readonly { name: string; command: readonly string[]; fix: string }[] = [
  {
    name: "types",
    command: ["node_modules/typescript/bin/tsc", "-p", "tsconfig.base.json"],
    fix: "Mend the types above.",
  },
  { name: "lint", command: ["node_modules/oxlint/bin/oxlint", "--type-aware"], fix: "Mend the lines above." },
  { name: "format", command: ["node_modules/oxfmt/bin/oxfmt", "--check"], fix: "Run: pnpm format" },
  { name: "unused", command: ["node_modules/knip/bin/knip.js"], fix: "Delete what nothing uses." },
  { name: "generated", command: ["packages/cli/src/generate/generate.ts", "--check"], fix: "Run: pnpm generate" },
];

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Exit code and the end of the output. With a `report` file to write, output is shown as it comes instead. */
async function run(
  command: readonly string[],
  { timeoutMs, report }: { timeoutMs: number; report?: string },
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [...command], {
    cwd: root,
    stdio: report === undefined ? ["ignore", "pipe", "pipe"] : "inherit",
    env: {
      ...process.env,
      // pnpm puts Node 24 first on the path of its scripts; here nobody did yet.
      PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      ...(report === undefined ? {} : { TEST_REPORT_FILE: report }),
    },
  });
  let output = "";
  const read = (chunk: Buffer): void => void (output = (output + chunk.toString("utf8")).slice(-maxOutputLength));
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", (exit) => resolve(exit ?? 1));
  });
  clearTimeout(timer);
  return { code, output };
}

async function runSteps(): Promise<string[]> {
  const failed: string[] = [];
  for (const step of steps) {
    const startedAt = performance.now();
    const { code, output } = await run(step.command, { timeoutMs: stepTimeoutMs });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    say(`${code === 0 ? "ok    " : "FAILED"} ${step.name} (${seconds} s)`);
    if (code === 0) continue;
    say(`${output.trim()}\n${step.fix}\n`);
    failed.push(step.name);
  }
  return failed;
}

async function runTests(filters: readonly string[]): Promise<TestCount> {
  const folder = mkdtempSync(join(tmpdir(), "sophia-check-"));
  const report = join(folder, "report.json");
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.workspace.ts"];
  try {
    const { code } = await run([...vitest, ...filters], { timeoutMs: testsTimeoutMs, report });
    const count = countTests(readFileSync(report, "utf8"));
    // An error outside any test (an unhandled rejection) fails the run and no test.
    if (code !== 0 && count.failed === 0) return { ...count, failed: 1, failures: ["an error outside the tests"] };
    return count;
  } catch {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: ["the tests, which ended without a report: see what was still running"],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const filters = process.argv.slice(2);
// On a fresh machine the tests install databases and a browser. That is waiting, which the steps can fill.
const peers = filters.length === 0 ? installPeers() : undefined;
const failedSteps = await runSteps();
await peers;
const count = await runTests(filters);
const failures = [...failedSteps.map((name) => `step ${name}`), ...count.failures];
if (failures.length > 0) say(`\nWhat failed:\n${failures.map((name) => `  ${name}`).join("\n")}\n`);
say(formatCount({ ...count, failed: count.failed + failedSteps.length }));
process.exitCode = failures.length > 0 ? 1 : 0;
