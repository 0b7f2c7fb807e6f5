import { mkdir, readFile, readdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { hasErrorCode, toFileError } from "../../../config/start-errors.ts";
import { formatCommand } from "../../../config/command-line.ts";
import { AppError } from "../../../errors/app-error.ts";
import { type DurableFiles, syncFolder } from "./durable-files.ts";
import { damagedFile } from "./revision-file.ts";

export const TagNote = z.object({ value: z.string(), modified: z.iso.datetime(), editor: z.string() });
export const RevisionTagNote = z.object({
  revision: z.number().int().positive(),
  modified: z.iso.datetime(),
  editor: z.string(),
});
export const RetractionNote = z.object({
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
  replacement: z.number().int().positive().optional(),
});

/** Small facts about an environment that may change: one file each, so that two writers never undo each other's. */
export interface Notes<Note> {
  all(folder: string): Promise<ReadonlyMap<string, Note>>;
  find(folder: string, name: string): Promise<Note | undefined>;
  /** The last writer wins. Throws `not_found` when the environment's folder is gone. */
  put(folder: string, name: string, note: Note): Promise<void>;
  /** False when there is none. */
  remove(folder: string, name: string): Promise<boolean>;
}

/** @param kind the folder inside each environment's. */
export function createNotes<Schema extends z.ZodType>(
  kind: string,
  schema: Schema,
  durable: DurableFiles,
): Notes<z.output<Schema>> {
  const pathOf = (folder: string, name: string): string => join(folder, kind, `${encodeName(name)}.json`);

  async function read(path: string): Promise<z.output<Schema> | undefined> {
    try {
      return schema.parse(JSON.parse(await readFile(path, "utf8")));
    } catch (thrown) {
      if (hasErrorCode(thrown, "ENOENT") || hasErrorCode(thrown, "ENOTDIR")) return undefined;
      if (thrown instanceof SyntaxError || thrown instanceof z.ZodError) throw damagedFile(path);
      throw toFileError(thrown, path);
    }
  }

  return {
    find: (folder, name) => read(pathOf(folder, name)),
    async all(folder) {
      const names = (await listFiles(join(folder, kind))).filter((name) => name.endsWith(".json")).sort();
      const notes = await Promise.all(
        names.map(
          async (name) => [decodeURIComponent(name.slice(0, -5)), await read(join(folder, kind, name))] as const,
        ),
      );
      return new Map(notes.flatMap(([name, note]) => (note === undefined ? [] : [[name, note] as const])));
    },
    async put(folder, name, note) {
      const path = pathOf(folder, name);
      try {
        await makeKindFolder(dirname(path));
        await durable.replace(path, `${JSON.stringify(note)}\n`);
      } catch (thrown) {
        throw toFileError(thrown, path);
      }
    },
    async remove(folder, name) {
      const path = pathOf(folder, name);
      try {
        await unlink(path);
      } catch (thrown) {
        if (hasErrorCode(thrown, "ENOENT") || hasErrorCode(thrown, "ENOTDIR")) return false;
        throw toFileError(thrown, path);
      }
      await syncFolder(dirname(path));
      return true;
    },
  };
}

/** A name may hold a slash or begin with a dot; a file's may not. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(".", "%2E").replaceAll("*", "%2A");
}

/** Not with what is above it: notes on a deleted environment would bring its folder back. */
async function makeKindFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (thrown) {
    if (hasErrorCode(thrown, "EEXIST")) return;
    throw hasErrorCode(thrown, "ENOENT") ? goneMeanwhile() : thrown;
  }
  await syncFolder(dirname(path));
}

async function listFiles(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT") || hasErrorCode(thrown, "ENOTDIR")) return [];
    throw toFileError(thrown, path);
  }
}

function goneMeanwhile(): AppError {
  return new AppError("not_found", "The environment was deleted meanwhile.", {
    hint: `List the environments with \`${formatCommand("secrets ls")}\`.`,
  });
}
