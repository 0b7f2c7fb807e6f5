import type { CommandContext } from "../commands/command-context.ts";
import { formatTable } from "../format-table.ts";
import { formatTime } from "../format-time.ts";
import type { MigrationStore } from "./migration-store.ts";
import { openRunFolders } from "./run-folder.ts";

/** `sophia secrets migrate --list`: every migration and import with what it came to; never a value. */
export async function runMigrateList(
  { terminal, config }: CommandContext,
  { store, json }: { store: MigrationStore; json: boolean },
): Promise<number> {
  const states = await openRunFolders(config.platform.dataDir, store.keyring).list();
  if (json) {
    const runs = states.map(({ id, kind, source, stage, phase, createdAt, secrets, deletion }) => ({
      id,
      kind,
      source,
      stage,
      phase,
      createdAt: new Date(createdAt).toISOString(),
      secrets: secrets.length,
      verified: secrets.filter(({ verified }) => verified).length,
      deleted: (deletion?.items ?? []).filter(({ state }) => state === "deleted").length,
    }));
    terminal.print(JSON.stringify({ runs }));
    return 0;
  }
  if (states.length === 0) {
    terminal.note("No migrations or imports yet.");
    return 0;
  }
  const rows = states.map(({ id, source, stage, phase, createdAt, secrets }) => [
    id,
    source,
    stage,
    phase,
    `${secrets.filter(({ verified }) => verified).length} of ${secrets.length}`,
    formatTime(createdAt),
  ]);
  terminal.print(formatTable(["RUN", "FROM", "STAGE", "STATE", "VERIFIED", "STARTED"], rows, terminal.columns));
  return 0;
}
