import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const prefix = "sophia-tests-";

/**
 * A folder of this process in memory, for the temporary files of tests, gone when the process ends. Stores wait for the
 * disk at each commit, and a private PostgreSQL copies a database for each test: on a disk that is a third of the run.
 * `undefined` where there is no such place (only Linux has one), or too little room or memory, or programs cannot run
 * there: then the tests use the disk.
 */
export function makeMemoryFolder(parent = "/dev/shm", neededBytes = 6 * 1024 ** 3): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(parent);
    if (bavail * bsize < neededBytes || process.availableMemory() < neededBytes) return undefined;
    removeForgotten(parent);
    const folder = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    // As the system's own: PostgreSQL, which refuses to run as root, has its data in it.
    chmodSync(folder, 0o1777);
    return runsPrograms(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** A run that was killed could not tidy up, and memory is dearer than disk. */
function removeForgotten(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function runsPrograms(folder: string): boolean {
  const script = join(folder, "probe");
  writeFileSync(script, "#!/bin/sh\nexit 0\n", { mode: 0o700 });
  const { status } = spawnSync(script);
  rmSync(script);
  return status === 0;
}
