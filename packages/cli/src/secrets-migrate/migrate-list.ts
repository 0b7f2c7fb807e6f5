import type { CommandContext } from "../commands/command-context.ts";

/** `sophia secrets migrate --list`: every migration and import with what it came to; never a value. */
export async function runMigrateList(context: CommandContext, _options: { json: boolean }): Promise<number> {
  context.terminal.note("No migrations yet.");
  return 0;
}
