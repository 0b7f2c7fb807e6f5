import { defineConfig } from "vitest/config";

// Vitest no longer reads a file of this name by itself: it is passed with --config, as an ordinary configuration.
const notOurs = ["**/node_modules/**", "**/bench/**"];
const shared = { testTimeout: 30_000, hookTimeout: 60_000, environment: "node" as const };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...notOurs, "**/*.{contract,fault,live}.test.ts"],
        },
      },
      {
        test: { ...shared, name: "contract", include: ["**/*.contract.test.ts"], exclude: notOurs, maxWorkers: 2 },
      },
      {
        // One file at a time: these tests stop processes and measure recovery times.
        test: {
          ...shared,
          name: "faults",
          include: ["**/*.fault.test.ts"],
          exclude: notOurs,
          fileParallelism: false,
        },
      },
    ],
  },
});
