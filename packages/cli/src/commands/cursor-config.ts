import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";

/** One remote server in Cursor's configuration (https://cursor.com/docs/mcp). */
export interface CursorServer {
  url: string;
  headers: Record<string, string>;
}

const CursorConfig = z.looseObject({ mcpServers: z.record(z.string(), z.unknown()).optional() });
export type CursorConfig = z.infer<typeof CursorConfig>;

/** Cursor's configuration, or an empty one when there is none. Throws AppError that points at the mistake. */
export async function readCursorConfig(file: string): Promise<CursorConfig> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "{}";
    throw new AppError("not_configured", `${file} cannot be read.`, { hint: "Check its permissions.", cause: error });
  });
  const parsed = CursorConfig.safeParse(parseJson(text.trim() === "" ? "{}" : text, file));
  if (parsed.success) return parsed.data;
  throw new AppError("not_configured", `${file} is not a configuration of Cursor: "mcpServers" must be an object.`, {
    hint: "Mend or move the file, then run this again. It was not changed.",
  });
}

/** The same configuration with these servers added or replaced; everything else stays. */
export function mergeServers(config: CursorConfig, servers: Readonly<Record<string, CursorServer>>): CursorConfig {
  return { ...config, mcpServers: { ...config.mcpServers, ...servers } };
}

/**
 * Replaces the file in one step, readable by its owner alone because it holds a token. The old one is kept beside it;
 * resolves with the copy's path, or `undefined` when there was nothing to keep or nothing to change.
 */
export async function writeCursorConfig(file: string, config: CursorConfig): Promise<string | undefined> {
  // People keep this file in a repository of dot-files and link to it: the link stays.
  const target = await realpath(file).catch(() => file);
  const old = await readFile(target, "utf8").catch(() => undefined);
  const text = `${JSON.stringify(config, undefined, 2)}\n`;
  if (old === text) {
    await chmod(target, 0o600);
    return undefined;
  }
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const backup = old === undefined ? undefined : await keepCopy(target);
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    return backup;
  } catch (error) {
    // Where nothing could be made there is nothing to take away.
    await rm(temporary, { force: true }).catch(() => {});
    throw new AppError("not_configured", `${file} cannot be written.`, {
      hint: "Check the permissions of its folder. The old file is unchanged.",
      cause: error,
    });
  }
}

async function keepCopy(file: string): Promise<string> {
  const copy = `${file}.backup-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  await copyFile(file, copy);
  // An earlier version may hold a token as well.
  await chmod(copy, 0o600);
  return copy;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const where = describePlace(text, error);
    throw new AppError("not_configured", `${file} is not valid JSON${where}.`, {
      hint: "Comments and commas after the last entry are not allowed. Mend the file, then run this again. It was not changed.",
      cause: error,
    });
  }
}

/** Line and column only: the text around the mistake may be a token. */
function describePlace(text: string, error: unknown): string {
  const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
  if (position === undefined) return "";
  const before = text.slice(0, Number(position)).split("\n");
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
