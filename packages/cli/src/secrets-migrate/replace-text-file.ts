import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import { syncFolder } from "@sophia/core/secrets/backend/local/durable-files";

export interface TextFileChange {
  /** Permission bits of the new file. */
  mode: number;
  /** What must still stand there; undefined where anything may. */
  before?: string;
}

/**
 * Puts a new text in the place of a file, whole or not at all. Throws AppError `unavailable` when the file holds something
 * else by now, and the file system's error.
 */
export async function replaceTextFile(path: string, text: string, { mode, before }: TextFileChange): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: "wx", flush: true });
    await chmod(draft, mode & 0o777);
    if (before !== undefined && (await readFile(path, "utf8")) !== before) {
      throw new AppError("unavailable", `${path} was changed in the meantime.`, { hint: "Run this again." });
    }
    await rename(draft, path);
  } catch (thrown) {
    // It holds the lines that stay, perhaps secrets too, under a name that no .gitignore knows.
    await rm(draft, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(path));
}
