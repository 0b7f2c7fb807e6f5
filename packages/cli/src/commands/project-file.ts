import { join, resolve } from "node:path";
import type { CursorServer } from "./cursor-config.ts";
import { readCursorConfig } from "./cursor-config.ts";

export interface ProjectFileOptions {
  /** Where the command runs: often the folder that Cursor has open. */
  folder: string;
  /** The file that was just written. */
  written: string;
  servers: Readonly<Record<string, CursorServer>>;
  /** Holds the token, when one was made at the first start. */
  tokenFile: string | undefined;
}

/**
 * What somebody has to know whose open folder has a `.cursor/mcp.json` with servers of ours: Cursor merges both files by
 * name and takes the project's entry (https://cursor.com/docs/mcp). `undefined` where there is nothing to know.
 */
export async function explainProjectFile(options: ProjectFileOptions): Promise<string | undefined> {
  const file = join(options.folder, ".cursor", "mcp.json");
  if (resolve(options.written) === file) return undefined;
  // Somebody else's broken file is Cursor's to complain about.
  const { mcpServers = {} } = await readCursorConfig(file).catch(() => ({ mcpServers: {} }));
  const shared = Object.entries(options.servers).filter(([name]) => Object.hasOwn(mcpServers, name));
  if (shared.length === 0) return undefined;
  const moved = shared.filter(([name, { url }]) => readUrl(mcpServers[name]) !== url).map(([name]) => name);
  const how = options.tokenFile === undefined ? "" : ` (export SOPHIA_TOKEN="$(cat ${options.tokenFile})")`;
  return [
    `${file} names ${shared.map(([name]) => name).join(", ")} too. Cursor shows each name once, and with that folder open`,
    `takes it from there, with the token in SOPHIA_TOKEN: start Cursor from a shell that has it${how}, or open another folder.`,
    ...(moved.length === 0
      ? []
      : [`The addresses of ${moved.join(", ")} differ there: put the configured ports into it.`]),
  ].join("\n");
}

function readUrl(entry: unknown): unknown {
  return typeof entry === "object" && entry !== null && "url" in entry ? entry.url : undefined;
}
