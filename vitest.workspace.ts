import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { makeMemoryFolder } from "./packages/cli/src/check/memory-folder.ts";
import { SlowFileReporter } from "./packages/cli/src/check/slow-file-reporter.ts";

// Vitest no longer reads a file of this name by itself: it is passed with --config, as an ordinary configuration.
const notOurs = ["**/node_modules/**", "{packages,servers}/*/bench/**"];
// One file at a time, and nothing beside it: these measure how fast a process recovers, refuses or ends, and memory.
const measuring = [
  "packages/core/src/{http,mcp}/*.fault.test.ts",
  "packages/core/src/mcp/transport/{cancel,content,drain,event-stream,load,overload,server-proof}.fault.test.ts",
  "packages/cli/src/supervisor/*.fault.test.ts",
  "packages/cli/src/up.fault.test.ts",
  "servers/*/src/gateway/{broken-streams,hostile-upstream,outage,stall}.fault.test.ts",
];
// As `npm test` has it: most of what the processes of tests do is to load the same code.
const compileCache = fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));
const memoryFolder = makeMemoryFolder();
const shared = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  environment: "node" as const,
  env: {
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? compileCache,
    ...(memoryFolder === undefined ? {} : { TMPDIR: memoryFolder, SOPHIA_TEST_DISK: tmpdir() }),
  },
};

// Where check.ts wants the report to.
const outputFile = process.env["TEST_REPORT_FILE"];
const report: ["json", { outputFile: string }][] = outputFile === undefined ? [] : [["json", { outputFile }]];

export default defineConfig({
  test: {
    reporters: ["default", new SlowFileReporter(), ...report],
    projects: [
      {
        // Many small files: loading everything anew for each would take longer than the tests.
        test: {
          ...shared,
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...notOurs, "**/*.{contract,fault,live}.test.ts"],
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        test: { ...shared, name: "contract", include: ["**/*.contract.test.ts"], exclude: notOurs, maxWorkers: 2 },
      },
      {
        test: {
          ...shared,
          name: "faults",
          include: ["**/*.fault.test.ts"],
          exclude: [...notOurs, ...measuring],
          maxWorkers: 2,
        },
      },
      {
        test: { ...shared, name: "measuring", include: measuring, exclude: notOurs, fileParallelism: false },
      },
    ],
  },
});
