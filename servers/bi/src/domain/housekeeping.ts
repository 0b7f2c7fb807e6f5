import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "./catalogue.ts";
import { isProcessAlive } from "./catalogue.ts";

/** A table file that nothing names may still be open in a query or about to be committed: it stays this long. */
const graceMs = 10 * 60_000;

/** Removes what killed processes left behind and table files no longer named by the catalogue. */
export async function cleanDirectory(directory: string, catalogue: Catalogue, nowMs: number): Promise<void> {
  for (const place of ["staging", "scratch"]) {
    for (const name of await namesIn(join(directory, place))) {
      const processId = Number(name.split("-")[0]);
      if (!Number.isInteger(processId) || isProcessAlive(processId)) continue;
      await rm(join(directory, place, name), { recursive: true, force: true });
    }
  }
  const named = new Set(catalogue.snapshot().tables.map((table) => table.file));
  for (const name of await namesIn(join(directory, "tables"))) {
    const path = join(directory, "tables", name);
    if (named.has(name) || nowMs - (await stat(path)).ctimeMs < graceMs) continue;
    await rm(path, { force: true });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
