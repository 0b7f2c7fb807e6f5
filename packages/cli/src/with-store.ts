import { openStore } from "@sophia/core/store/store";
import type { Store } from "@sophia/core/store/store";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Logger } from "pino";
import type { CliConfig } from "./load-config.ts";

/** Runs `work` with the shared store open, and closes it whatever happens. */
export async function withStore<T>(
  { platform }: Pick<CliConfig, "platform">,
  log: Logger,
  work: (store: Store<CoreTables>) => Promise<T>,
): Promise<T> {
  const { dataDir, databaseUrl } = platform;
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log, ...(databaseUrl && { databaseUrl }) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
