import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@sophia/core/config/make-folder";
import { hasErrorCode, toFileError } from "@sophia/core/config/start-errors";
import { AppError } from "@sophia/core/errors/app-error";
import { createDurableFiles } from "@sophia/core/secrets/backend/local/durable-files";
import type { Keyring } from "@sophia/core/secrets/backend/local/keyring";
import { takeDataLock } from "@sophia/core/store/data-lock";
import { RunState } from "./run-state.ts";

/** The folder of one migration or import: its state without values, and sealed files that hold them. */
export interface RunFolder {
  readonly path: string;
  readonly state: RunState;
  /** Changes the state and keeps it; what is kept survives a crash. */
  save(change: Partial<RunState>): Promise<void>;
  /** Seals bytes under a name, with a key that only this run has. The last writer wins. */
  seal(name: string, content: Uint8Array): Promise<void>;
  /** Undefined when there is no such file. Throws AppError `not_configured` for one that this key does not open. */
  unseal(name: string): Promise<Buffer | undefined>;
  /** Something that is no secret, or sealed already. */
  writeOpen(name: string, text: string): Promise<string>;
  /** Names and texts of what {@link writeOpen} kept under a name that begins so. */
  readOpen(prefix: string): Promise<{ name: string; text: string }[]>;
}

export interface RunFolders {
  create(state: Omit<RunState, "version" | "id" | "createdAt" | "secrets" | "environments">): Promise<RunFolder>;
  /** Newest first. */
  list(): Promise<RunState[]>;
  /** Throws AppError `not_found`. */
  open(id: string): Promise<RunFolder>;
}

/** @param dataDir the data directory; everything is below `secrets/migrations` in it. */
export function openRunFolders(dataDir: string, keyring: Keyring): RunFolders {
  const root = join(dataDir, "secrets", "migrations");
  return {
    async create(state) {
      const now = new Date();
      const day = now.toISOString().slice(0, 10).replaceAll("-", "");
      const id = `${day}-${randomBytes(4).toString("hex")}`;
      makeFolder(join(root, id));
      const folder = openFolder(
        root,
        { version: 1, id, createdAt: now.getTime(), environments: [], secrets: [], ...state },
        keyring,
      );
      await folder.save({});
      return folder;
    },
    async list() {
      const names = await readdir(root).catch((thrown: unknown) => {
        if (hasErrorCode(thrown, "ENOENT")) return [];
        throw toFileError(thrown, root);
      });
      const states = names
        .filter((name) => existsSync(join(root, name, stateFile)))
        .map((name) => readState(root, name));
      return states.toSorted((left, right) => right.createdAt - left.createdAt);
    },
    async open(id) {
      if (!/^[\w-]{1,60}$/.test(id) || !existsSync(join(root, id, stateFile))) {
        throw new AppError("not_found", "There is no such migration.", { hint: "migrate --list shows them all." });
      }
      return openFolder(root, readState(root, id), keyring);
    },
  };
}

/** Two commands at once would each undo half of the other's work. Throws AppError `unavailable`. */
export function lockMigrations(dataDir: string): { release(): void } {
  try {
    return takeDataLock(dataDir, ["secrets-migration"], "sophia secrets");
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.kind !== "unavailable") throw thrown;
    throw new AppError("unavailable", "Another migration or import is running on this data directory.", {
      hint: "Wait for it, then run this again.",
      cause: thrown,
    });
  }
}

const stateFile = "state.json";

function openFolder(root: string, initial: RunState, keyring: Keyring): RunFolder {
  const path = join(root, initial.id);
  const files = createDurableFiles(join(root, "drafts"));
  // A key of its own, bound to the run: a sealed file that is moved to another run does not open.
  const crypter = keyring.crypter({ project: "sophia-migrations", name: initial.id });
  let state = initial;
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(path, name);
    await files.replace(file, text);
    return file;
  };
  return {
    path,
    get state() {
      return state;
    },
    async save(change) {
      state = RunState.parse({ ...state, ...change });
      await write(stateFile, `${JSON.stringify(state, undefined, 2)}\n`);
    },
    async seal(name, content) {
      await write(`${name}.sealed`, Buffer.from(await crypter.encrypt(content)).toString("base64"));
    },
    async unseal(name) {
      const file = join(path, `${name}.sealed`);
      if (!existsSync(file)) return undefined;
      try {
        return Buffer.from(await crypter.decrypt(Buffer.from(readFileSync(file, "utf8"), "base64")));
      } catch (thrown) {
        throw new AppError("not_configured", `${file} does not open with the key of this installation.`, {
          hint: "Put the key of secrets back that was there when the migration was made.",
          cause: thrown,
        });
      }
    },
    writeOpen: write,
    async readOpen(prefix) {
      const names = (await readdir(path)).filter((name) => name.startsWith(prefix)).toSorted();
      return await Promise.all(names.map(async (name) => ({ name, text: await readFile(join(path, name), "utf8") })));
    },
  };
}

function readState(root: string, id: string): RunState {
  const path = join(root, id, stateFile);
  try {
    return RunState.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (thrown) {
    throw new AppError("not_configured", `The journal ${path} cannot be read.`, {
      hint: "Put a copy of it back, or move its folder away: nothing else depends on it.",
      cause: thrown,
    });
  }
}
