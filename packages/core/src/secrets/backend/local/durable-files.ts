import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../../config/make-folder.ts";
import { hasErrorCode } from "../../../config/start-errors.ts";

/** Writes that are whole and on the disk when they return, or have not happened. */
export interface DurableFiles {
  /** False when there is a file of this name already: of several writers at once exactly one gets true. */
  writeNew(path: string, content: string): Promise<boolean>;
  /** The last writer wins. */
  replace(path: string, content: string | Uint8Array): Promise<void>;
  /** A folder to fill, which {@link publishFolder} then moves into place whole. */
  makeDraftFolder(): Promise<string>;
  /** False when there is something under this name already. */
  publishFolder(draft: string, path: string): Promise<boolean>;
  /** Mode 0700; with what is missing above it. */
  makeFolder(path: string): Promise<void>;
  /** False, with `from` where it was, when there is something at `to`. */
  putBack(from: string, to: string): Promise<boolean>;
  move(from: string, to: string): Promise<void>;
}

/** What a killed process left half-made is of no use to anybody after this long. */
const draftLivesMs = 60 * 60 * 1_000;

/** @param folder for drafts, on the same file system as everything else. */
export function createDurableFiles(folder: string): DurableFiles {
  const drafts = createDrafts(folder);

  return {
    async writeNew(path, content) {
      const draft = await drafts.writeFile(content);
      try {
        // A link, unlike a rename, fails when somebody was faster: compare and swap without a lock.
        await link(draft, path);
      } catch (thrown) {
        if (hasErrorCode(thrown, "EEXIST")) return false;
        throw thrown;
      } finally {
        await unlink(draft);
      }
      await syncFolder(dirname(path));
      return true;
    },
    async replace(path, content) {
      const draft = await drafts.writeFile(content);
      try {
        await rename(draft, path);
      } catch (thrown) {
        await unlink(draft);
        throw thrown;
      }
      await syncFolder(dirname(path));
    },
    makeDraftFolder: () => drafts.makeFolder(),
    async publishFolder(draft, path) {
      const published = await renameFolder(draft, path);
      if (!published) await rm(draft, { recursive: true, force: true });
      return published;
    },
    putBack: renameFolder,
    async makeFolder(path) {
      makeFolder(path);
      await syncFolder(dirname(path));
    },
    async move(from, to) {
      makeFolder(dirname(to));
      await rename(from, to);
      await syncFolder(dirname(from));
      await syncFolder(dirname(to));
    },
  };
}

/** Half-made things, under names that nobody else uses. */
function createDrafts(folder: string): {
  writeFile(content: string | Uint8Array): Promise<string>;
  makeFolder(): Promise<string>;
} {
  let swept: Promise<void> | undefined;

  async function nextPath(): Promise<string> {
    makeFolder(folder);
    await (swept ??= sweep(folder));
    return join(folder, randomBytes(12).toString("hex"));
  }

  return {
    async writeFile(content) {
      const draft = await nextPath();
      try {
        await writeFile(draft, content, { mode: 0o600, flag: "wx", flush: true });
      } catch (thrown) {
        // A full disk has taken a part of it.
        await rm(draft, { force: true });
        throw thrown;
      }
      return draft;
    },
    async makeFolder() {
      const draft = await nextPath();
      await mkdir(draft, { mode: 0o700 });
      return draft;
    },
  };
}

/** Never over a folder that holds something: the system refuses. */
async function renameFolder(from: string, to: string): Promise<boolean> {
  makeFolder(dirname(to));
  try {
    await rename(from, to);
  } catch (thrown) {
    if (["EEXIST", "ENOTEMPTY", "ENOTDIR"].some((code) => hasErrorCode(thrown, code))) return false;
    throw thrown;
  }
  await syncFolder(dirname(from));
  await syncFolder(dirname(to));
  return true;
}

/** A new name is on the disk only when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (thrown) {
    // Some file systems have no such call for folders, and nothing to be made durable by it.
    if (!hasErrorCode(thrown, "EINVAL") && !hasErrorCode(thrown, "EISDIR")) throw thrown;
  } finally {
    await folder.close();
  }
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < Date.now() - draftLivesMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
