import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench } from "./list-benches.ts";
import { listBenches } from "./list-benches.ts";

// `pnpm bench NAME [--json] [--seed N] ...`: everything after the name is the benchmark's own business.
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const [name, ...flags] = process.argv.slice(2);
const benches = listBenches(root);
const bench = benches.find((candidate) => candidate.name === name);

if (bench === undefined) {
  process.stderr.write(
    `Usage: pnpm bench NAME [--json] [--seed N]\nBenchmarks: ${benches.map((known) => known.name).join(", ")}\n`,
  );
  process.exitCode = 1;
} else if (installRivals(bench)) {
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  const { status } = spawnSync(process.execPath, [bench.file, ...flags], {
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  });
  process.exitCode = status ?? 1;
} else {
  process.stderr.write("The benchmark's own dependencies could not be installed. Check the network and try again.\n");
  process.exitCode = 1;
}

/** Rivals belong to the benchmark's folder alone: neither `npm start` nor `npm test` ever installs them. */
function installRivals({ packageFolder }: Bench): boolean {
  if (packageFolder === undefined) return true;
  const manifest = readFileSync(join(packageFolder, "package.json"));
  const stampFile = join(packageFolder, "node_modules", ".sophia-install");
  const stamp = createHash("sha256").update(manifest).digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return true;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  const locked = existsSync(join(packageFolder, "pnpm-lock.yaml")) ? ["--frozen-lockfile"] : ["--no-lockfile"];
  // No rival's install script runs on this machine.
  const install = ["--yes", packageManager, "install", "--ignore-workspace", "--ignore-scripts", ...locked];
  const { status } = spawnSync("npx", install, {
    cwd: packageFolder,
    // stdout belongs to the benchmark: --json must stay parsable.
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) return false;
  writeFileSync(stampFile, stamp);
  return true;
}
