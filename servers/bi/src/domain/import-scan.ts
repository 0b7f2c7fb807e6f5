import { lstat, opendir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";

export type ImportFormat = "csv" | "json" | "parquet";

export interface FoundFile {
  /** Real path, inside the root. */
  path: string;
  relativePath: string;
  format: ImportFormat;
  bytes: number;
  modifiedAt: number;
}

export interface ScanLimits {
  maxFiles: number;
  maxFileBytes: number;
}

export interface FolderScan {
  /** Real path of the folder, or of the folder of the one file. */
  root: string;
  files: FoundFile[];
  /** What was left out, and why. */
  skipped: { path: string; reason: string }[];
}

const maxDepth = 8;
const maxEntries = 20_000;
const formats: Readonly<Record<string, ImportFormat>> = {
  csv: "csv",
  tsv: "csv",
  json: "json",
  jsonl: "json",
  ndjson: "json",
  parquet: "parquet",
};

/**
 * The real path of what the user named, if it lies inside one of the roots after all links are followed.
 * Links are judged by where they lead, so neither `..` nor a link nor a sibling with the same prefix gets out.
 */
export async function resolveInside(named: string, roots: readonly string[]): Promise<string> {
  if (named.includes("\0")) throw new AppError("invalid_input", "The path contains a NUL character.");
  if (roots.length === 0) {
    throw new AppError("not_configured", "No folder may be imported from yet.", {
      hint: "Set SOPHIA_BI_FOLDER or SOPHIA_BI_IMPORT_ROOTS to the folder with the files.",
    });
  }
  for (const root of roots) {
    const realRoot = await realpathOrNone(root);
    const real = realRoot && (await realpathOrNone(isAbsolute(named) ? named : resolve(realRoot, named)));
    if (realRoot && real && isInside(real, realRoot)) return real;
  }
  // One answer for "not there" and "not allowed": the difference would tell what exists elsewhere.
  throw new AppError("denied", "This path is not inside a folder that may be imported from, or does not exist.", {
    hint: "Name a file or folder relative to the import folder; list_imports shows what was imported.",
  });
}

export function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** Files of a folder (or the one file) that can be imported, in a stable order. Links that lead outside are skipped. */
export async function scanFolder(named: string, roots: readonly string[], limits: ScanLimits): Promise<FolderScan> {
  const real = await resolveInside(named, roots);
  const status = await stat(real);
  if (status.isFile()) {
    const scan: FolderScan = { root: resolve(real, ".."), files: [], skipped: [] };
    await consider(scan, real, limits);
    if (scan.files.length === 0)
      throw new AppError(
        "invalid_input",
        `The file cannot be imported: ${scan.skipped[0]?.reason ?? "unknown format"}.`,
        { hint: "CSV, TSV, JSON, NDJSON and Parquet can be imported." },
      );
    return scan;
  }
  const scan: FolderScan = { root: real, files: [], skipped: [] };
  await walk(scan, real, 0, { left: maxEntries }, limits);
  scan.files.sort((left, right) => (left.relativePath < right.relativePath ? -1 : 1));
  for (const extra of scan.files.splice(limits.maxFiles))
    scan.skipped.push({ path: extra.relativePath, reason: `more than ${limits.maxFiles} files` });
  return scan;
}

async function walk(
  scan: FolderScan,
  folder: string,
  depth: number,
  budget: { left: number },
  limits: ScanLimits,
): Promise<void> {
  const directory = await opendir(folder);
  for await (const entry of directory) {
    if (budget.left-- <= 0) {
      scan.skipped.push({ path: relative(scan.root, folder), reason: `more than ${maxEntries} entries` });
      return;
    }
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < maxDepth) await walk(scan, path, depth + 1, budget, limits);
      else scan.skipped.push({ path: relative(scan.root, path), reason: `deeper than ${maxDepth} folders` });
    } else await consider(scan, path, limits);
  }
}

async function consider(scan: FolderScan, path: string, limits: ScanLimits): Promise<void> {
  const relativePath = relative(scan.root, path);
  const skip = (reason: string): void => void scan.skipped.push({ path: relativePath, reason });
  const format = formats[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
  if (!format) return skip("not CSV, TSV, JSON, NDJSON or Parquet");
  const real = await realpathOrNone(path);
  if (real === undefined) return skip("a link that leads nowhere");
  if (!isInside(real, scan.root)) return skip("a link that leads out of the folder");
  const status = await lstat(real);
  if (!status.isFile()) return skip("not an ordinary file");
  if (status.size > limits.maxFileBytes) return skip(`larger than ${Math.floor(limits.maxFileBytes / 1e6)} MB`);
  if (status.size === 0) return skip("empty");
  if (scan.files.some((file) => file.path === real)) return skip("the same file under another name");
  scan.files.push({
    path: real,
    relativePath: relative(scan.root, real),
    format,
    bytes: status.size,
    modifiedAt: status.mtimeMs,
  });
}

async function realpathOrNone(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "EACCES" || code === "ENAMETOOLONG")
      return undefined;
    throw error;
  }
}
