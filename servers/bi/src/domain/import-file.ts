import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { AppError } from "@sophia/core/errors/app-error";
import { loadCsv, type LoadedFile } from "./import-csv.ts";
import { loadJson } from "./import-json.ts";
import type { ImportFormat } from "./import-scan.ts";
import { measureTable } from "./measure-table.ts";
import { sampleTables } from "./sample-shop.ts";
import { literal } from "./sql-text.ts";
import { stageFile } from "./stage-file.ts";
import type { TableProfile } from "./table-profile.ts";

export interface ImportOptions {
  /** The warehouse's directory. */
  directory: string;
  /** A directory of this process alone. */
  staging: string;
  memoryMb: number;
  threads: number;
  maxFileBytes: number;
}

export interface FileToImport {
  path: string;
  /** Real path of the folder the file must lie in. */
  root: string;
  format: ImportFormat;
  /** When the content still has this fingerprint, nothing is done. */
  knownFingerprint?: string;
}

export interface ImportedTable {
  file: string;
  fingerprint: string;
  sourceBytes: number;
  profile: TableProfile;
}

/** Part of every fingerprint: raise it when the same bytes are read in another way. */
export const importerVersion = 1;

type Report = (message: string) => void;

/** Imports one file into a table file of its own. Nothing names that file until the caller commits it. */
export async function importFile(
  file: FileToImport,
  options: ImportOptions,
  signal: AbortSignal,
  report: Report,
): Promise<ImportedTable | undefined> {
  return await inWorkspace(options, async (workspace) => {
    report("copying");
    const staged = await stageFile(file.path, file.root, join(workspace, "source"), options.maxFileBytes, signal);
    const fingerprint = `${staged.sha256}:${importerVersion}`;
    if (fingerprint === file.knownFingerprint) return undefined;
    report("reading");
    const built = await buildTable(workspace, options, signal, async (connection) => {
      const source = join(workspace, "source");
      if (file.format === "csv") return await loadCsv(connection, source, staged);
      if (file.format === "json") return await loadJson(connection, source);
      return await loadParquet(connection, source);
    });
    return { ...built, fingerprint, sourceBytes: staged.bytes };
  });
}

/** Builds the sample warehouse, one file per table, in the order of {@link sampleTables}. */
export async function importSample(
  seed: number,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<Omit<ImportedTable, "fingerprint" | "sourceBytes">[]> {
  const { setUp, tables } = sampleTables(seed);
  const built = [];
  for (const table of tables) {
    const one = await inWorkspace(
      options,
      async (workspace) =>
        await buildTable(workspace, options, signal, async (connection) => {
          for (const statement of setUp) await connection.run(statement);
          await connection.run(`CREATE TABLE target.main.data AS ${table.select}`);
          return { guesses: [], rejectedRows: 0, rejectedExamples: [] };
        }),
    );
    built.push({ ...one, profile: { ...one.profile, comment: table.comment } });
  }
  return built;
}

async function inWorkspace<Result>(
  options: ImportOptions,
  work: (workspace: string) => Promise<Result>,
): Promise<Result> {
  const workspace = join(options.staging, randomBytes(8).toString("hex"));
  await mkdir(workspace, { recursive: true, mode: 0o700 });
  try {
    return await work(workspace);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

type Load = (connection: DuckDBConnection) => Promise<LoadedFile>;

async function buildTable(
  workspace: string,
  options: ImportOptions,
  signal: AbortSignal,
  load: Load,
): Promise<{ file: string; profile: TableProfile }> {
  const staged = join(workspace, "table.duckdb");
  const instance = await openImporter(workspace, options);
  const connection = await instance.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener("abort", onAbort, { once: true });
  let profile: TableProfile;
  try {
    await connection.run(`ATTACH ${literal(join(workspace, "work.duckdb"))} AS work`);
    await connection.run(`ATTACH ${literal(staged)} AS target`);
    const loaded = await load(connection);
    signal.throwIfAborted();
    profile = { ...loaded, ...(await measureTable(connection, "target.main.data")), comment: "" };
    await connection.run("DETACH target");
  } catch (thrown) {
    throw toImportError(thrown);
  } finally {
    signal.removeEventListener("abort", onAbort);
    connection.closeSync();
    instance.closeSync();
  }
  return { file: await publish(staged, options), profile };
}

/** This instance writes, so it may touch its own workspace and no other file. No SQL of a caller ever runs on it. */
async function openImporter(workspace: string, options: ImportOptions): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(":memory:", {
    allow_community_extensions: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    memory_limit: `${options.memoryMb}MB`,
    temp_directory: join(workspace, "spill"),
    threads: String(options.threads),
  });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  await connection.run(`SET allowed_directories = [${literal(`${workspace}/`)}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
  connection.closeSync();
  return instance;
}

async function loadParquet(connection: DuckDBConnection, path: string): Promise<LoadedFile> {
  await connection.run(`CREATE TABLE target.main.data AS SELECT * FROM read_parquet(${literal(path)})`);
  return {
    guesses: [{ what: "format", guess: "Parquet: columns and types as in the file" }],
    rejectedRows: 0,
    rejectedExamples: [],
  };
}

/** Moves a finished table file to where queries open it. Durable: the file and its name are on disk when this returns. */
async function publish(staged: string, options: ImportOptions): Promise<string> {
  const file = `${randomBytes(8).toString("hex")}.duckdb`;
  const directory = join(options.directory, "tables");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await syncPath(staged);
  await rename(staged, join(directory, file));
  await syncPath(directory);
  return file;
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function toImportError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const message = thrown instanceof Error ? thrown.message : "";
  if (/^INTERRUPT|Interrupted/i.test(message))
    return new AppError("timeout", "The import was stopped.", { cause: thrown });
  if (/Out of Memory/i.test(message))
    return new AppError("invalid_input", "The file needs more memory than an import may use.", {
      hint: "Raise SOPHIA_BI_MEMORY_MB, or split the file.",
      cause: thrown,
    });
  if (/No space left/i.test(message)) return new AppError("unavailable", "The disk is full.", { cause: thrown });
  return new AppError("invalid_input", "The file could not be read in its format.", {
    hint: "Check that the content is what the file's ending says.",
    cause: thrown,
  });
}
