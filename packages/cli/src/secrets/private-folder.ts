import { closeSync, fstatSync, fsyncSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { accessSync, constants, lstatSync, readFileSync, statfsSync, statSync } from "node:fs";
import { writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "@sophia/core/config/parse-config";

/** A folder that only this user can read, for values that a program needs as files. In memory where that can be had. */
export interface PrivateFolder {
  path: string;
  /** Nothing in it reaches a disk. */
  isInMemory: boolean;
  /** Writes a file with mode 0600 and returns its path. */
  write(name: string, content: string): string;
  /** A process that uses the files beside this one: while it lives, no other clean-up takes them away. */
  setUser(pid: number): void;
  /** Overwrites every file and takes all away. May be called twice. */
  dispose(): void;
}

const prefix = "sophia-secrets";
const userFile = ".user";
const tmpfsType = 0x01021994;

/** Throws the file system's error when no folder can be made. Removes what a killed process left behind. */
export function makePrivateFolder(environment: Environment): PrivateFolder {
  const candidates = [environment["XDG_RUNTIME_DIR"] ?? "", "/dev/shm", tmpdir()].filter(isUsable);
  const parent = candidates.find(isTmpfs) ?? tmpdir();
  sweep(parent);
  const path = mkdtempSync(join(parent, `${prefix}-${getPidSpace()}-${process.pid}-`));
  const dispose = (): void => shred(path);
  process.once("exit", dispose);
  return {
    path,
    isInMemory: isTmpfs(parent),
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content, { mode: 0o600, flag: "wx" });
      return file;
    },
    setUser: (pid) => writeFileSync(join(path, userFile), String(pid), { mode: 0o600 }),
    dispose() {
      process.off("exit", dispose);
      dispose();
    },
  };
}

function isUsable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder !== "" && statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

function isTmpfs(folder: string): boolean {
  try {
    return statfsSync(folder).type === tmpfsType;
  } catch {
    return false;
  }
}

/** Process ids mean something only within it: two containers may share a temporary folder. */
function getPidSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "0";
  }
}

function sweep(parent: string): void {
  const own = new RegExp(`^${prefix}-${getPidSpace()}-(?<pid>\\d+)-`);
  for (const name of readdirSync(parent)) {
    const pid = own.exec(name)?.groups?.["pid"];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(parent, name);
    try {
      if (isOwn(folder) && !isAlive(readUser(folder))) shred(folder);
    } catch {
      // Another user's, or gone in the meantime.
    }
  }
}

/** Anybody may put a link, or a folder that is still theirs, under such a name where everybody writes. */
function isOwn(folder: string): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

function readUser(folder: string): number {
  try {
    return Number(readFileSync(join(folder, userFile), "utf8"));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Overwriting reaches the old bytes in memory and on plain disks; file systems that copy on write keep them a while. */
function shred(folder: string): void {
  for (const entry of listFiles(folder)) {
    try {
      const file = openSync(entry, constants.O_RDWR | constants.O_NOFOLLOW);
      const { size } = fstatSync(file);
      if (size > 0) writeSync(file, Buffer.alloc(size), 0, size, 0);
      fsyncSync(file);
      closeSync(file);
    } catch {
      // An editor's read-only copy, say: it is removed all the same.
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
