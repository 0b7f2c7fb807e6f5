import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type AppError, toAppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { Catalogue, CatalogueTable, ImportOutcome, ImportRun } from "./catalogue.ts";
import type { ChildProgress } from "./child-messages.ts";
import type { ChildWorker } from "./child-worker.ts";
import { createImportLine } from "./import-line.ts";
import { type ImportedTable, importerVersion, type ImportOptions } from "./import-file.ts";
import { type FolderScan, type FoundFile, scanFolder, type ScanLimits } from "./import-scan.ts";
import { sampleSeed, sampleTables, sampleVersion } from "./sample-shop.ts";
import { toTableName } from "./table-name.ts";

export interface ImportsOptions {
  directory: string;
  /** Folders that may be imported from. The first is the one relative names start at. */
  roots: readonly string[];
  memoryMb: number;
  threads: number;
  scan: ScanLimits;
  catalogue: Catalogue;
  clock: Clock;
  log: Logger;
}

/** What an import of a folder would do. */
export interface ImportPreview {
  root: string;
  files: { source: string; bytes: number; modifiedAt: number; table: string; state: "new" | "changed" | "unchanged" }[];
  skipped: { path: string; reason: string }[];
}

export interface ImportWatch {
  signal: AbortSignal;
  progress(update: ChildProgress): void;
}

export interface Imports {
  preview(named: string): Promise<ImportPreview>;
  /** Imports what is new or changed. One run at a time; others wait in a bounded line. */
  run(named: string, watch: ImportWatch): Promise<ImportRun>;
  ensureSample(signal: AbortSignal): Promise<void>;
  runs: Catalogue["runs"];
  close(): Promise<void>;
}

const fileTimeoutMs = 15 * 60_000;

export function createImports(options: ImportsOptions): Imports {
  const { catalogue, clock } = options;
  const line = createImportLine(options);
  return {
    preview: async (named) => preview(catalogue, await scanFolder(named, options.roots, options.scan)),
    async run(named, watch) {
      return await line.inTurn(watch.signal, async (importer, signal) => {
        const scan = await scanFolder(named, options.roots, options.scan);
        const run: ImportRun = {
          id: randomUUID(),
          folder: scan.root,
          state: "running",
          startedAt: clock.now(),
          finishedAt: null,
          filesTotal: scan.files.length,
          outcomes: [],
        };
        catalogue.saveRun(run);
        return await importAll(options, importer, scan, run, { ...watch, signal });
      });
    },
    async ensureSample(signal) {
      if (sampleTables(sampleSeed).tables.every((table) => isCurrentSample(catalogue, table.name))) return;
      await line.inTurn(signal, async (importer, either) => await importSampleTables(options, importer, either));
    },
    runs: (limit, after) => catalogue.runs(limit, after),
    close: async () => await line.close(),
  };
}

function preview(catalogue: Catalogue, scan: FolderScan): ImportPreview {
  const known = new Map(catalogue.tables().map((table) => [table.source, table]));
  return {
    root: scan.root,
    skipped: scan.skipped,
    files: scan.files.map((file) => {
      const table = known.get(file.path);
      const state = !table ? "new" : isUnchanged(table, file) ? "unchanged" : "changed";
      return {
        source: file.path,
        bytes: file.bytes,
        modifiedAt: file.modifiedAt,
        table: table?.name ?? toTableName(file.relativePath),
        state,
      };
    }),
  };
}

/** Same size, time and way of reading: the content is not read again. */
function isUnchanged(table: CatalogueTable, file: FoundFile): boolean {
  return (
    table.sourceBytes === file.bytes &&
    table.sourceModifiedAt === file.modifiedAt &&
    table.fingerprint.endsWith(`:${importerVersion}`)
  );
}

async function importAll(
  options: ImportsOptions,
  importer: ChildWorker,
  scan: FolderScan,
  run: ImportRun,
  watch: ImportWatch,
): Promise<ImportRun> {
  const { catalogue, clock } = options;
  let stopped: AppError | undefined;
  for (const [index, file] of scan.files.entries()) {
    watch.progress({ done: index, total: scan.files.length, message: `importing ${file.relativePath}` });
    const outcome = await importOne(options, importer, scan.root, file, watch);
    run.outcomes.push(outcome);
    catalogue.saveRun(run);
    if (!watch.signal.aborted || (outcome.result !== "failed" && index === scan.files.length - 1)) continue;
    stopped = toAppError(watch.signal.reason);
    break;
  }
  for (const { path, reason } of scan.skipped.slice(0, 50))
    run.outcomes.push({ source: join(scan.root, path), result: "failed", reason });
  const failed = run.outcomes.filter((outcome) => outcome.result === "failed").length;
  run.state = stopped ? "interrupted" : failed > 0 && failed === run.outcomes.length ? "failed" : "done";
  run.finishedAt = clock.now();
  catalogue.saveRun(run);
  watch.progress({ done: scan.files.length, total: scan.files.length, message: run.state });
  if (stopped) throw stopped;
  return run;
}

async function importOne(
  options: ImportsOptions,
  importer: ChildWorker,
  root: string,
  file: FoundFile,
  watch: ImportWatch,
): Promise<ImportOutcome> {
  const { catalogue, clock } = options;
  const existing = catalogue.tables().find((table) => table.source === file.path);
  if (existing && isUnchanged(existing, file))
    return { source: file.path, table: existing.name, result: "unchanged", rows: existing.rows };
  const knownFingerprint = existing === undefined ? {} : { knownFingerprint: existing.fingerprint };
  try {
    const call = {
      file: { path: file.path, root, format: file.format, ...knownFingerprint },
      options: toImportOptions(options),
    };
    const imported = await importer.call<ImportedTable | undefined>("importFile", call, {
      timeoutMs: fileTimeoutMs,
      signal: watch.signal,
      progress: ({ message }) => watch.progress({ done: 0, message: `${file.relativePath}: ${message ?? ""}` }),
    });
    const seen = { source: file.path, sourceModifiedAt: file.modifiedAt };
    if (!imported) {
      // Touched but equal: remember the new time, so that it is not hashed again on every look.
      if (existing) catalogue.commit([{ ...existing, ...seen }]);
      return {
        source: file.path,
        result: "unchanged",
        ...(existing ? { table: existing.name, rows: existing.rows } : {}),
      };
    }
    const name = existing?.name ?? catalogue.reserveName(file.path, toTableName(file.relativePath));
    const { profile, ...rest } = imported;
    catalogue.commit([{ ...profile, ...rest, ...seen, name, sample: false, importedAt: clock.now() }]);
    return {
      source: file.path,
      table: name,
      result: "imported",
      rows: profile.rows,
      rejectedRows: profile.rejectedRows,
    };
  } catch (thrown) {
    const error = toAppError(thrown);
    options.log.warn({ err: thrown, source: file.path }, "A file was not imported");
    return {
      source: file.path,
      result: "failed",
      reason: error.hint ? `${error.message} ${error.hint}` : error.message,
    };
  }
}

async function importSampleTables(options: ImportsOptions, importer: ChildWorker, signal: AbortSignal): Promise<void> {
  const { catalogue, clock } = options;
  const call = { seed: sampleSeed, options: toImportOptions(options) };
  const built = await importer.call<Pick<ImportedTable, "file" | "profile">[]>("importSample", call, {
    timeoutMs: fileTimeoutMs,
    signal,
  });
  const { tables } = sampleTables(sampleSeed);
  const importedAt = clock.now();
  catalogue.commit(
    tables.flatMap(({ name }, index) => {
      const made = built[index];
      if (!made) return [];
      const source = `sample:${name}`;
      return [
        {
          ...made.profile,
          name,
          file: made.file,
          source,
          sample: true,
          fingerprint: sampleFingerprint(),
          sourceBytes: 0,
          sourceModifiedAt: 0,
          importedAt,
        },
      ];
    }),
  );
}

function isCurrentSample(catalogue: Catalogue, name: string): boolean {
  return catalogue.tables().some((table) => table.name === name && table.fingerprint === sampleFingerprint());
}

function sampleFingerprint(): string {
  return `sample:${sampleSeed}:${sampleVersion}:${importerVersion}`;
}

function toImportOptions(options: ImportsOptions): ImportOptions {
  return {
    directory: options.directory,
    staging: join(options.directory, "staging", String(process.pid)),
    memoryMb: options.memoryMb,
    threads: options.threads,
    maxFileBytes: options.scan.maxFileBytes,
  };
}
