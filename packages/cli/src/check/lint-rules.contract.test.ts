import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const oxlint = join(root, "node_modules", "oxlint", "bin", "oxlint");

interface Promised {
  refused: readonly string[];
  allowed: readonly string[];
}

/** What .cursor/rules promise of imports, by file. */
const files: Readonly<Record<string, Promised>> = {
  "servers/ai/src/tools/a.ts": {
    refused: [
      "./b.ts",
      "../tools/b.ts",
      "../../../bi/src/domain/x.ts",
      "@sophia/bi/config",
      "@sophia/vendors/docker/client",
      "node:process",
    ],
    allowed: ["../domain/x.ts", "../services.ts", "@sophia/core/mcp/define-tool"],
  },
  "servers/ai/src/tools/list.ts": { refused: ["../../../bi/src/tools/b.ts"], allowed: ["./a.ts"] },
  "servers/ai/src/domain/x.ts": {
    refused: [
      "../../../bi/src/domain/x.ts",
      "../../../../packages/cli/src/program.ts",
      "@sophia/bi/config",
      "@modelcontextprotocol/server",
    ],
    allowed: ["./y.ts", "@sophia/vendors/docker/client"],
  },
  "servers/ai/src/server.ts": { refused: [], allowed: ["./tools/list.ts"] },
  "packages/vendors/src/docker/a.ts": { refused: ["@sophia/core/mcp/define-tool"], allowed: ["./b.ts"] },
  "packages/core/src/http/a.ts": { refused: ["@sophia/vendors/registry"], allowed: ["../limits/b.ts"] },
};

test("lint refuses every import that the rules forbid, and no other", () => {
  const folder = mkdtempSync(join(tmpdir(), "sophia-lint-"));
  try {
    cpSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    for (const [file, { refused, allowed }] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      const lines = [...refused, ...allowed].map((module, index) => `export { x as x${index} } from "${module}";`);
      writeFileSync(join(folder, file), `${lines.join("\n")}\n`);
    }
    const found = Object.keys(files).map((file) => [file, lint(folder, file)]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(files).map(([file, { refused }]) => [file, refused])),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The modules whose import is refused. */
function lint(folder: string, file: string): string[] {
  const { stdout } = spawnSync(process.execPath, [oxlint, "--format=unix", file], { cwd: folder, encoding: "utf8" });
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  const numbers = [...stdout.matchAll(/^[^:\n]+:(\d+):.*no-restricted-imports/gm)].map(([, number]) => Number(number));
  return numbers.toSorted((one, other) => one - other).map((number) => lines[number - 1]?.split('"')[1] ?? "");
}
