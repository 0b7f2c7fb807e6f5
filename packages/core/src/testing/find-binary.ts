import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, globSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const installTimeoutMs = 240_000;
const installs = new Map<string, Promise<boolean>>();

/** Where a program lives, and the Debian package that brings it. */
export interface BinarySource {
  names: readonly string[];
  /** Folders beside PATH, with glob patterns; the last match wins, so that the newest version is taken. */
  folders: readonly string[];
  debianPackage: string;
}

/** True on a machine whose set-up is ours to complete: Debian, as root. There, with CI=true, a missing peer is an error. */
export function isOurDebian(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

/** Path of the program; installed first where apt can. `undefined` when it cannot be had, said aloud on stderr. */
export async function findBinary(source: BinarySource): Promise<string | undefined> {
  const found = lookUp(source);
  if (found !== undefined) return found;
  if (isOurDebian() && (await installPackage(source.debianPackage))) return lookUp(source);
  return undefined;
}

/** Says that tests are skipped and why; with CI=true on a machine that can have the peer it fails instead. */
export function reportMissing(what: string, reason: string): undefined {
  const message = `${what} is not available, its tests are SKIPPED: ${reason}`;
  if (process.env["CI"] === "true" && isOurDebian()) throw new Error(message);
  process.stderr.write(`\n*** ${message} ***\n\n`);
  return undefined;
}

function lookUp({ names, folders }: BinarySource): string | undefined {
  const extra = folders.flatMap((folder) => globSync(folder).sort(byVersion).reverse());
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...extra, ...path]) {
    for (const name of names) if (isExecutable(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

function byVersion(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** One attempt for each package and test process. apt's own lock makes several processes wait for each other. */
export function installPackage(debianPackage: string): Promise<boolean> {
  const running = installs.get(debianPackage) ?? runInstall(debianPackage);
  installs.set(debianPackage, running);
  return running;
}

async function runInstall(debianPackage: string): Promise<boolean> {
  const options = {
    timeout: installTimeoutMs,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  };
  const lock = ["-o", "DPkg::Lock::Timeout=200"];
  const request = [...lock, "install", "-y", "-q", "--no-install-recommends", debianPackage];
  process.stderr.write(`Installing ${debianPackage} for the tests ...\n`);
  try {
    await run("apt-get", request, options);
    return true;
  } catch {
    // The package lists of a fresh image are empty: refresh them once, then say why it failed.
  }
  try {
    await run("apt-get", [...lock, "update", "-q"], options);
    await run("apt-get", request, options);
    return true;
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    process.stderr.write(`apt-get could not install ${debianPackage}: ${lines.at(-1) ?? ""}\n`);
    return false;
  }
}

/** uid and gid of an account, read without a child process. `undefined` when the machine has none of that name. */
export function findAccount(names: readonly string[]): { uid: number; gid: number } | undefined {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of names) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields?.[2] !== undefined && fields[3] !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return undefined;
}
