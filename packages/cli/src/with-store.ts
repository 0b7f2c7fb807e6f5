import { toStartError } from "@sophia/core/config/start-errors";
import { prepareDataDir } from "@sophia/core/store/sqlite-file";
import { openStore } from "@sophia/core/store/store";
import type { MigrationSet, Store } from "@sophia/core/store/store";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Logger } from "pino";
import type { CliConfig } from "./load-config.ts";

/** Runs `work` with the shared store open, and closes it whatever happens. Throws `not_configured` when it cannot be opened for good. */
export async function withStore<T, Tables extends CoreTables = CoreTables>(
  { platform }: Pick<CliConfig, "platform">,
  log: Logger,
  work: (store: Store<Tables>) => Promise<T>,
  /** Of the tables that `work` uses beside core's. */
  migrations: readonly MigrationSet[] = [],
): Promise<T> {
  const { dataDir, databaseUrl } = platform;
  prepareDataDir(dataDir);
  const opened = openStore<Tables>({ dataDir, migrations, log, ...(databaseUrl && { databaseUrl }) });
  const store = await opened.catch((thrown: unknown) => {
    throw toStartError(thrown, dataDir);
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
