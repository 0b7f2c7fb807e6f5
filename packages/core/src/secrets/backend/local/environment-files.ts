import { type Dirent, readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { hasErrorCode, toFileError } from "../../../config/start-errors.ts";
import { formatCommand } from "../../../config/command-line.ts";
import { AppError } from "../../../errors/app-error.ts";
import { createConflict } from "../conflict.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import type { DurableFiles } from "./durable-files.ts";
import { damagedFile, formatRevisionFile, parseRevisionFile, type StoredRevision } from "./revision-file.ts";

const Identity = z.object({ project: z.string(), name: z.string(), created: z.iso.datetime() });

/** The newest revision of an environment, by its file. */
export interface Head {
  revision: number;
  /** Differs for two files that were ever written, also after an environment was deleted and made anew. */
  stamp: string;
}

/**
 * Environments as folders below `environments/PROJECT/NAME`: one file per revision, never changed once it is there.
 * They are small and are read at once: opening an environment makes dozens of calls, each of which would cost ten times
 * as much through the thread pool.
 */
export interface EnvironmentFiles {
  folderOf(id: EnvironmentId): string;
  /** Sorted by project and name. */
  list(project: string | undefined): Promise<EnvironmentId[]>;
  /** Wall clock, milliseconds. */
  createdAt(id: EnvironmentId): Promise<number>;
  head(id: EnvironmentId): Promise<Head>;
  stampOf(id: EnvironmentId, revision: number): Promise<string>;
  read(id: EnvironmentId, revision: number): Promise<StoredRevision>;
  /** False when there is one of this number already. */
  append(id: EnvironmentId, revision: Omit<StoredRevision, "etag">): Promise<boolean>;
  /** Throws a conflict when the environment is there already. */
  create(id: EnvironmentId, content: NewEnvironment): Promise<void>;
}

export interface NewEnvironment {
  /** Wall clock, milliseconds. */
  createdAt: number;
  revisions: AsyncIterable<Omit<StoredRevision, "etag">>;
  /** Runs in the folder before it is moved into place. */
  addNotes?(folder: string): Promise<void>;
}

const identityFile = "environment.json";
const digits = 6;

export function createEnvironmentFiles(folder: string, durable: DurableFiles): EnvironmentFiles {
  const root = join(folder, "environments");
  const folderOf = ({ project, name }: EnvironmentId): string => join(root, project, name);
  const pathOf = (id: EnvironmentId, revision: number): string => revisionPath(folderOf(id), revision);
  const head = createHeadFinder(folderOf);

  return {
    folderOf,
    head,
    list: (project) => listFolders(root, project),
    createdAt: async (id) => Date.parse(readIdentity(folderOf(id), id).created),
    async stampOf(id, revision) {
      const stamp = readStamp(folderOf(id), revision);
      if (stamp === undefined) throw noRevision(id, revision);
      return stamp;
    },
    async read(id, revision) {
      const path = pathOf(id, revision);
      const stored = parseRevisionFile(
        readText(path, () => noRevision(id, revision)),
        path,
      );
      if (stored.revision !== revision) throw damagedFile(path);
      return stored;
    },
    async append(id, revision) {
      const path = pathOf(id, revision.revision);
      try {
        return await durable.writeNew(path, formatRevisionFile(revision));
      } catch (thrown) {
        throw hasErrorCode(thrown, "ENOENT") ? noEnvironment(id) : toFileError(thrown, path);
      }
    },
    async create(id, content) {
      try {
        const draft = await durable.makeDraftFolder();
        await fillFolder(draft, { id, ...content }, durable);
        if (!(await durable.publishFolder(draft, folderOf(id)))) throw alreadyThere(id);
      } catch (thrown) {
        throw toFileError(thrown, folderOf(id));
      }
    },
  };
}

/** Revisions have no gaps, so from the newest one seen before only what follows it has to be looked for. */
function createHeadFinder(folderOf: (id: EnvironmentId) => string): (id: EnvironmentId) => Promise<Head> {
  const newest = new Map<string, number>();

  async function findNewest(id: EnvironmentId): Promise<number> {
    readIdentity(folderOf(id), id);
    const folder = join(folderOf(id), "revisions");
    const names = await listNames(folder, (entry) => entry.isFile());
    const revision = names.reduce((most, name) => Math.max(most, Number(/^(\d+)\.yaml$/.exec(name)?.[1] ?? 0)), 0);
    if (revision === 0) throw damagedFile(folder);
    return revision;
  }

  return async function head(id) {
    const folder = folderOf(id);
    const key = formatEnvironmentId(id);
    let revision = newest.get(key);
    let stamp = revision === undefined ? undefined : readStamp(folder, revision);
    if (revision === undefined || stamp === undefined) {
      revision = await findNewest(id);
      stamp = readStamp(folder, revision);
    }
    for (let next = readStamp(folder, revision + 1); next !== undefined; next = readStamp(folder, revision + 1)) {
      revision += 1;
      stamp = next;
    }
    newest.set(key, revision);
    if (stamp === undefined) throw noEnvironment(id);
    return { revision, stamp };
  };
}

/** On a file system that does not tell Name from name, another environment may answer. */
function readIdentity(folder: string, id: EnvironmentId): z.output<typeof Identity> {
  const path = join(folder, identityFile);
  const identity = parseIdentity(
    readText(path, () => noEnvironment(id)),
    path,
  );
  if (identity.project !== id.project || identity.name !== id.name) throw noEnvironment(id);
  return identity;
}

function readStamp(folder: string, revision: number): string | undefined {
  const path = revisionPath(folder, revision);
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    return `${revision}.${found.ino.toString(36)}.${found.mtimeMs.toString(36)}`;
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOTDIR")) return undefined;
    throw toFileError(thrown, path);
  }
}

function revisionPath(folder: string, revision: number): string {
  return join(folder, "revisions", `${String(revision).padStart(digits, "0")}.yaml`);
}

async function fillFolder(
  folder: string,
  content: NewEnvironment & { id: EnvironmentId },
  durable: DurableFiles,
): Promise<void> {
  const { project, name } = content.id;
  const identity: z.input<typeof Identity> = { project, name, created: new Date(content.createdAt).toISOString() };
  await durable.writeNew(join(folder, identityFile), `${JSON.stringify(identity)}\n`);
  await durable.makeFolder(join(folder, "revisions"));
  for await (const revision of content.revisions) {
    await durable.writeNew(revisionPath(folder, revision.revision), formatRevisionFile(revision));
  }
  await content.addNotes?.(folder);
}

function parseIdentity(text: string, path: string): z.output<typeof Identity> {
  try {
    return Identity.parse(JSON.parse(text));
  } catch {
    throw damagedFile(path);
  }
}

function readText(path: string, missing: () => AppError): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT") || hasErrorCode(thrown, "ENOTDIR")) throw missing();
    throw toFileError(thrown, path);
  }
}

async function listFolders(root: string, project: string | undefined): Promise<EnvironmentId[]> {
  const projects = project === undefined ? await listNames(root) : [project];
  const found = await Promise.all(
    projects.map(async (each) => (await listNames(join(root, each))).map((name) => ({ project: each, name }))),
  );
  return found.flat();
}

async function listNames(path: string, accept = (entry: Dirent): boolean => entry.isDirectory()): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter(accept)
      .map(({ name }) => name)
      .sort();
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT") || hasErrorCode(thrown, "ENOTDIR")) return [];
    throw toFileError(thrown, path);
  }
}

export function noEnvironment(id: EnvironmentId): AppError {
  return new AppError("not_found", `There is no environment ${formatEnvironmentId(id)}.`, {
    hint: `List the environments with \`${formatCommand("secrets ls")}\`.`,
  });
}

export function noRevision(id: EnvironmentId, revision: number | string): AppError {
  return new AppError("not_found", `${formatEnvironmentId(id)} has no revision ${revision}.`, {
    hint: `List its revisions and tags with \`${formatCommand("secrets log")}\`.`,
  });
}

function alreadyThere(id: EnvironmentId): AppError {
  return createConflict(
    `There is an environment ${formatEnvironmentId(id)} already.`,
    "Choose another name, or change the one that is there.",
  );
}
