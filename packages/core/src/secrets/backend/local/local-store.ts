import { join } from "node:path";
import type { z } from "zod";
import { formatCommand } from "../../../config/command-line.ts";
import { AppError } from "../../../errors/app-error.ts";
import type { Clock } from "../../../limits/clock.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { createDeletedEnvironments, type DeletedEnvironments } from "./deleted-environments.ts";
import { createDurableFiles } from "./durable-files.ts";
import { createEnvironmentFiles, type EnvironmentFiles, noRevision } from "./environment-files.ts";
import { createNotes, type Notes, RetractionNote, RevisionTagNote, TagNote } from "./environment-notes.ts";
import type { Keyring } from "./keyring.ts";
import { defaultLimits, type LocalLimits } from "./local-limits.ts";

/** Everything the local backend keeps on disk, below one folder. */
export interface LocalStore {
  files: EnvironmentFiles;
  deleted: DeletedEnvironments;
  tags: Notes<z.output<typeof TagNote>>;
  revisionTags: Notes<z.output<typeof RevisionTagNote>>;
  retractions: Notes<z.output<typeof RetractionNote>>;
  keyring: Keyring;
  clock: Clock;
  author: string;
  limits: LocalLimits;
  /** A number, a tag, or nothing for the newest → a number that may be read. Throws `not_found`. */
  resolve(id: EnvironmentId, revision: number | string | undefined): Promise<number>;
}

export interface LocalStoreOptions {
  folder: string;
  keyring: Keyring;
  clock: Clock;
  /** Who makes the changes, for the history: a person or a server. */
  author: string;
  limits?: Partial<LocalLimits>;
}

export function createLocalStore(options: LocalStoreOptions): LocalStore {
  const { folder, keyring, clock, author } = options;
  const durable = createDurableFiles(join(folder, "drafts"));
  const files = createEnvironmentFiles(folder, durable);
  const revisionTags = createNotes("revision-tags", RevisionTagNote, durable);
  const retractions = createNotes("retracted", RetractionNote, durable);

  async function resolve(id: EnvironmentId, revision: number | string | undefined): Promise<number> {
    const head = await files.head(id);
    if (revision === undefined || revision === "latest") return head.revision;
    const folderOfEnvironment = files.folderOf(id);
    const number =
      typeof revision === "number" ? revision : (await revisionTags.find(folderOfEnvironment, revision))?.revision;
    if (number === undefined || number > head.revision) throw noRevision(id, revision);
    const retraction = await retractions.find(folderOfEnvironment, String(number));
    if (retraction !== undefined) throw retracted(id, number, retraction);
    return number;
  }

  return {
    files,
    deleted: createDeletedEnvironments(folder, { durable, files, clock }),
    tags: createNotes("tags", TagNote, durable),
    revisionTags,
    retractions,
    keyring,
    clock,
    author,
    limits: { ...defaultLimits, ...options.limits },
    resolve,
  };
}

function retracted(id: EnvironmentId, revision: number, note: z.output<typeof RetractionNote>): AppError {
  const instead = note.replacement === undefined ? "another revision" : `revision ${note.replacement}`;
  return new AppError("not_found", `Revision ${revision} of ${formatEnvironmentId(id)} was retracted.`, {
    hint: `Use ${instead} instead. \`${formatCommand("secrets log")}\` shows why.`,
  });
}
