import { lstat, readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";

/** A repository that was found inside an allowed root, every link on the way resolved. */
export interface RepositoryLocation {
  /** The folder's own name; what people call the repository. */
  name: string;
  workTree: string;
  gitDirectory: string;
}

const maximumRepositories = 50;

/** True when `path` is `root` or lies below it. Both must be real paths already: a link would walk out again. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return (
    way === "" ||
    (!isAbsolute(way) && way !== ".." && !way.startsWith(`..${process.platform === "win32" ? "\\" : "/"}`))
  );
}

/** Refuses what could be read as an option, a second line or a shortened string by the program that gets it. */
export function refuseHostileValue(value: string, what: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (value === "" || value.startsWith("-") || /[\u0000-\u001f\u007f]/.test(value)) {
    throw new AppError(
      "invalid_input",
      `The ${what} is not acceptable: it is empty, starts with "-" or holds control characters.`,
      {
        hint: `Give the plain ${what}, as list_resources shows it.`,
        service: "github",
      },
    );
  }
  return value;
}

async function realPathOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}

function outside(): AppError {
  return new AppError("denied", "This path is not inside a folder that Sophia may read.", {
    hint: "Only repositories below SOPHIA_INFRA_REPOSITORIES are open; add the folder there, or choose one that list_resources shows.",
    service: "github",
  });
}

/** The `.git` of a work tree: a folder, or (linked work tree, submodule) a file naming one. */
async function findGitDirectory(workTree: string): Promise<string | undefined> {
  const entry = join(workTree, ".git");
  const stats = await lstat(entry).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (!stats.isFile()) return realPathOrUndefined(entry);
  if (stats.size > 4096) return undefined;
  const target = /^gitdir: (.+?)\s*$/.exec(await readFile(entry, "utf8"))?.[1];
  return target === undefined ? undefined : realPathOrUndefined(resolve(workTree, target));
}

/** The shared part of a linked work tree's Git folder. It may point anywhere, so it is checked like the rest. */
async function findCommonDirectory(gitDirectory: string): Promise<string | undefined> {
  const text = await readFile(join(gitDirectory, "commondir"), "utf8").catch(() => undefined);
  return text === undefined ? gitDirectory : realPathOrUndefined(resolve(gitDirectory, text.trim()));
}

/**
 * Resolves a path to a repository inside one of the roots (real paths).
 * Throws `denied` for everything outside, by whatever road: `..`, a sibling with the same beginning, a link, a
 * `.git` file or a `commondir` that points away; `not_found` when the folder is no repository.
 */
export async function resolveRepository(path: string, roots: readonly string[]): Promise<RepositoryLocation> {
  refuseHostileValue(path, "repository path");
  const workTree = await realPathOrUndefined(resolve(path));
  // A missing path and a forbidden one get the same answer: the difference would tell what exists outside.
  if (workTree === undefined || !roots.some((root) => isInside(root, workTree))) throw outside();
  const gitDirectory = await findGitDirectory(workTree);
  if (gitDirectory === undefined) {
    throw new AppError("not_found", "There is no Git repository at this path.", {
      hint: "list_resources with kind repositories shows the ones there are.",
      service: "github",
    });
  }
  const common = await findCommonDirectory(gitDirectory);
  if (common === undefined || ![gitDirectory, common].every((part) => roots.some((root) => isInside(root, part)))) {
    throw outside();
  }
  return { name: basename(workTree), workTree, gitDirectory };
}

/** The repositories at the roots themselves or directly below them, at most 50. */
export async function findRepositories(roots: readonly string[]): Promise<RepositoryLocation[]> {
  const found: RepositoryLocation[] = [];
  for (const root of roots) {
    const here = await resolveRepository(root, roots).catch(() => undefined);
    if (here !== undefined) {
      found.push(here);
      continue;
    }
    const children = await readdir(root, { withFileTypes: true }).catch(() => []);
    for (const child of children
      .filter((entry) => entry.isDirectory())
      .toSorted((a, b) => a.name.localeCompare(b.name))) {
      if (found.length >= maximumRepositories) return found;
      const below = await resolveRepository(join(root, child.name), roots).catch(() => undefined);
      if (below !== undefined) found.push(below);
    }
  }
  return found;
}

/** The real paths of the configured folders that exist; without any, the repository that holds `workingDirectory`. */
export async function resolveRoots(configured: readonly string[], workingDirectory: string): Promise<string[]> {
  const candidates = configured.length > 0 ? configured : await findEnclosingRepository(workingDirectory);
  const real = await Promise.all(candidates.map((path) => realPathOrUndefined(path)));
  return [...new Set(real.filter((path) => path !== undefined))];
}

async function findEnclosingRepository(start: string): Promise<string[]> {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if ((await findGitDirectory(folder)) !== undefined) return [folder];
    if (folder === dirname(folder)) return [];
  }
}
