import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startSophia } from "../supervisor/testing/run-sophia.ts";
import { createGithubMigration, githubToken, openrouterKey } from "./testing/github-migration.ts";
import type { GithubMigration } from "./testing/github-migration.ts";

let github: GithubMigration;
beforeEach(async () => void (github = await createGithubMigration()));
afterEach(async () => await github.close());

async function run(args: readonly string[], killAfterMs?: number) {
  const environment = {
    SOPHIA_DATA_DIR: github.harness.dataDir,
    GITHUB_TOKEN: githubToken,
    GITHUB_API_URL: github.simulator.url,
    HOME: github.harness.folder,
  };
  const sophia = startSophia(["secrets", ...args], environment);
  if (killAfterMs !== undefined) void delay(killAfterMs).then(() => sophia.child.kill("SIGKILL"));
  return await sophia.ended;
}

it("goes on after SIGKILL at any moment of an import, and takes everything back at the end", async () => {
  const file = join(github.harness.folder, ".env");
  const text = `OPENROUTER_API_KEY=${openrouterKey}\n# kept\n${Array.from({ length: 12 }, (_, index) => `COMPANY_${index}=value-${index}\n`).join("")}`;
  writeFileSync(file, text);
  const args = ["import", file, "--stage", "production", "--remove", "--json"];
  let kills = 0;
  for (let killAfterMs = 250; killAfterMs < 3_000; killAfterMs += 300) {
    const { code } = await run(args, killAfterMs);
    if (code !== null) break;
    kills += 1;
    // Whole or without the lines, never in between.
    expect([text, "# kept\n"]).toContain(readFileSync(file, "utf8"));
  }
  expect(kills).toBeGreaterThan(0);
  const last = await run(args);
  expect(last.code, last.stderr).toBe(0);
  expect(readFileSync(file, "utf8")).toBe("# kept\n");
  for (let round = 0; round < 10; round++) {
    const { runs } = JSON.parse((await run(["migrate", "--list", "--json"])).stdout) as { runs: { phase: string }[] };
    if (runs.every(({ phase }) => phase === "undone")) break;
    const undone = await run(["migrate", "--undo"]);
    expect(undone.code, undone.stderr).toBe(0);
  }
  expect(readFileSync(file, "utf8")).toBe(text);
  expect((await run(["ls", "--json"])).stdout).not.toContain("production");
}, 120_000);

it("goes on after SIGKILL at any moment of a migration, exports once, and undoes whatever there is", async () => {
  expect((await run(["migrate", "github", "octo/shop", "--stage", "production", "--json"])).code).toBe(0);
  const args = ["migrate", "github", "octo/shop", "--dispatch", "--json"];
  for (let killAfterMs = 400; killAfterMs < 4_000; killAfterMs += 500) {
    const { code } = await run(args, killAfterMs);
    if (code !== null) break;
  }
  const last = await run(args);
  expect(last.code, last.stderr).toBe(0);
  expect(JSON.parse(last.stdout)).toMatchObject({ phase: "verified" });
  expect(github.simulator.state.runs).toHaveLength(1);
  for (let killAfterMs = 500; killAfterMs < 2_400; killAfterMs += 600) await run(["migrate", "--undo"], killAfterMs);
  const { stdout, stderr, code } = await run(["migrate", "--undo", "--json"]);
  const { runs } = JSON.parse((await run(["migrate", "--list", "--json"])).stdout) as { runs: { phase: string }[] };
  expect(
    runs.map(({ phase }) => phase),
    `${code} ${stdout} ${stderr}`,
  ).toEqual(["undone"]);
  expect((await run(["ls", "--json"])).stdout).not.toContain("github-octo-shop");
}, 120_000);
