import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentSummary } from "@sophia/core/secrets/backend/secret-backend";
import { formatCommand } from "@sophia/core/config/command-line";
import type { CommandContext } from "../commands/command-context.ts";
import { formatTable } from "../format-table.ts";
import { formatTime } from "../format-time.ts";
import { openBackend } from "./open-backend.ts";

export interface ListOptions {
  project: string | undefined;
  long: boolean;
  limit: number;
  cursor: string | undefined;
  json: boolean;
}

/** `secrets ls`: names of environments, a page at a time. */
export async function runListEnvironments(context: CommandContext, options: ListOptions): Promise<number> {
  const { terminal } = context;
  const { backend } = await openBackend(context);
  const { project, cursor, limit } = options;
  const page = await backend.list({ limit, project: project || undefined, cursor });
  const { nextCursor } = page;
  if (options.json) {
    const environments = page.items.map((item) => ({ ...item, environment: formatEnvironmentId(item) }));
    terminal.print(JSON.stringify({ environments, ...(nextCursor && { nextCursor }) }));
    return 0;
  }
  if (page.items.length === 0) {
    terminal.note(`No environments yet in ${backend.location}. Begin with: ${formatCommand("secrets init")}`);
    return 0;
  }
  terminal.print(
    options.long
      ? formatTable(["ENVIRONMENT", "REVISION", "MODIFIED", "TAGS"], page.items.map(toRow), terminal.columns)
      : page.items.map(formatEnvironmentId).join("\n"),
  );
  if (nextCursor !== undefined) terminal.note(`There are more: --cursor ${nextCursor}`);
  return 0;
}

function toRow(item: EnvironmentSummary): string[] {
  const tags = Object.entries(item.tags).map(([name, value]) => `${name}=${value}`);
  return [formatEnvironmentId(item), String(item.revision), formatTime(item.modifiedAt), tags.join(" ")];
}
