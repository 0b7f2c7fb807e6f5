import { randomBytes } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { hasErrorCode, toFileError } from "../../../config/start-errors.ts";
import type { Clock } from "../../../limits/clock.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import type { DurableFiles } from "./durable-files.ts";
import { type EnvironmentFiles, noEnvironment } from "./environment-files.ts";

export interface DeletedEnvironment extends EnvironmentId {
  /** Wall clock, milliseconds. */
  deletedAt: number;
}

/** What was deleted, as it was, secrets still sealed. It can be put back for 30 days. */
export interface DeletedEnvironments {
  add(id: EnvironmentId): Promise<void>;
  /** Newest first. */
  list(): Promise<DeletedEnvironment[]>;
  /** Puts back what was deleted last under this name. Throws `not_found`; false when the name is taken again. */
  restore(id: EnvironmentId): Promise<boolean>;
}

const keptMs = 30 * 24 * 60 * 60 * 1_000;
const Named = z.object({ project: z.string(), name: z.string() });

export function createDeletedEnvironments(
  folder: string,
  { durable, files, clock }: { durable: DurableFiles; files: EnvironmentFiles; clock: Clock },
): DeletedEnvironments {
  const root = join(folder, "deleted");

  async function entries(): Promise<(DeletedEnvironment & { path: string })[]> {
    const found = await Promise.all((await listNames(root)).map((name) => readEntry(root, name)));
    return found.flatMap((entry) => entry ?? []).sort((one, other) => other.deletedAt - one.deletedAt);
  }

  async function purge(): Promise<void> {
    for (const { path, deletedAt } of await entries()) {
      if (deletedAt < clock.now() - keptMs) await rm(path, { recursive: true, force: true });
    }
  }

  return {
    async add(id) {
      // One rename, so that a crash leaves the environment either here or there, and whole.
      const name = `${clock.now()}-${randomBytes(6).toString("hex")}`;
      try {
        await durable.move(files.folderOf(id), join(root, name));
      } catch (thrown) {
        throw hasErrorCode(thrown, "ENOENT") ? noEnvironment(id) : toFileError(thrown, files.folderOf(id));
      }
      await purge();
    },
    list: async () => (await entries()).map(({ project, name, deletedAt }) => ({ project, name, deletedAt })),
    async restore(id) {
      const wanted = formatEnvironmentId(id);
      const entry = (await entries()).find((each) => formatEnvironmentId(each) === wanted);
      if (entry === undefined) throw noEnvironment(id);
      return await durable.putBack(entry.path, files.folderOf(id));
    },
  };
}

async function readEntry(root: string, name: string): Promise<(DeletedEnvironment & { path: string }) | undefined> {
  const path = join(root, name);
  try {
    const identity = Named.parse(JSON.parse(await readFile(join(path, "environment.json"), "utf8")));
    return { ...identity, path, deletedAt: Number(name.split("-")[0]) };
  } catch {
    // Damaged, or being removed: nothing that could be put back.
    return undefined;
  }
}

async function listNames(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT")) return [];
    throw toFileError(thrown, path);
  }
}
