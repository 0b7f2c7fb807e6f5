import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listBenches } from "./list-benches.ts";

let root = "";
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "sophia-bench-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
}

test("scripts directly in a bench folder are benchmarks, what they import is not", () => {
  write("packages/core/bench/mcp.ts", "packages/core/bench/mcp/raw.ts", "servers/ai/bench/embed.ts");
  write("servers/ai/bench/package.json", "servers/ai/bench/embed.test.ts", "servers/ai/src/embed.ts");
  expect(listBenches(root)).toEqual([
    { name: "mcp", file: join(root, "packages/core/bench/mcp.ts"), packageFolder: undefined },
    { name: "embed", file: join(root, "servers/ai/bench/embed.ts"), packageFolder: join(root, "servers/ai/bench") },
  ]);
});

test("two of one name are refused", () => {
  write("packages/core/bench/mcp.ts", "servers/ai/bench/mcp.ts");
  expect(() => listBenches(root)).toThrow("Two benchmarks are called mcp");
});

test("the benchmarks of this repository have different names", () => {
  expect(listBenches(fileURLToPath(new URL("../../../../", import.meta.url))).length).toBeGreaterThan(0);
});
