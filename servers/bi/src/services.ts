import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Platform, ServerRuntime } from "@sophia/core/mcp/platform";
import type { BiConfig } from "./config.ts";
import { type Catalogue, openCatalogue } from "./domain/catalogue.ts";
import { createFolderWatch, type FolderWatch, type Freshness } from "./domain/folder-watch.ts";
import { cleanDirectory } from "./domain/housekeeping.ts";
import { createImports, type Imports } from "./domain/imports.ts";
import { createWarehouse, type Warehouse } from "./domain/warehouse.ts";

/** Everything the tools of this server use. Each tool names the part it needs. */
export interface BiServices {
  warehouse: Warehouse;
  imports: Imports;
  freshness: Freshness;
}

const maxResultBytes = 8_000_000;
const maxFilesPerFolder = 1_000;

export async function createBiServices(
  config: BiConfig,
  platform: Pick<Platform, "config" | "clock" | "log">,
): Promise<ServerRuntime<BiServices>> {
  const { clock, log } = platform;
  const directory = join(platform.config.dataDir, "bi");
  const catalogue = openCatalogue(directory, config.SOPHIA_BI_MAX_TABLES);
  const shared = {
    directory,
    memoryMb: config.SOPHIA_BI_MEMORY_MB,
    threads: config.SOPHIA_BI_THREADS,
    catalogue,
    clock,
    log,
  };
  const folder = config.SOPHIA_BI_FOLDER === undefined ? undefined : toFolder(config.SOPHIA_BI_FOLDER);
  const imports = createImports({
    ...shared,
    roots: [...(folder === undefined ? [] : [folder]), ...config.SOPHIA_BI_IMPORT_ROOTS.map(toFolder)],
    scan: { maxFiles: maxFilesPerFolder, maxFileBytes: config.SOPHIA_BI_MAX_FILE_MB * 1_000_000 },
  });
  const warehouse = createWarehouse({
    ...shared,
    spillMb: config.SOPHIA_BI_SPILL_MB,
    concurrency: config.SOPHIA_BI_CONCURRENCY,
    limits: { maxRows: config.SOPHIA_BI_MAX_ROWS, maxBytes: maxResultBytes },
  });
  await cleanDirectory(directory, catalogue, clock.now());
  const watch = folder === undefined ? undefined : createFolderWatch({ folder, imports, clock, log });
  let failure: string | undefined;
  let closing = false;
  const started = fill(config, { imports, warehouse, watch }).catch((error: unknown) => {
    // Stopped while it was still starting: nothing is wrong.
    if (closing) return;
    failure = "the sample or the engine did not start: the log says why";
    log.error({ err: error }, "The warehouse did not start as a whole");
  });
  return {
    services: { warehouse, imports, freshness: createFreshness(started, watch) },
    checks: [{ name: "warehouse", required: true, check: async () => await checkWarehouse(catalogue, failure) }],
    async close() {
      closing = true;
      watch?.close();
      await imports.close();
      warehouse.close();
      await started;
      catalogue.close();
    },
  };
}

/** Environment files are not read by a shell: `~/` is ours to resolve. */
function toFolder(named: string): string {
  return named.startsWith("~/") ? join(homedir(), named.slice(2)) : resolve(named);
}

interface Parts {
  imports: Imports;
  warehouse: Warehouse;
  watch: FolderWatch | undefined;
}

/** Sample and folder are filled in the background: the port answers at once, the first question waits for the sample. */
async function fill(config: BiConfig, { imports, warehouse, watch }: Parts): Promise<void> {
  if (config.SOPHIA_BI_SAMPLE) await imports.ensureSample(AbortSignal.timeout(60_000));
  await watch?.refresh();
  await warehouse.warm();
}

function createFreshness(started: Promise<void>, watch: FolderWatch | undefined): Freshness {
  return {
    async refresh() {
      await started;
      return (await watch?.refresh()) ?? { stale: [], missing: [] };
    },
  };
}

function checkWarehouse(catalogue: Catalogue, failure: string | undefined): Promise<{ ok: boolean; detail: string }> {
  const { generation, tables } = catalogue.snapshot();
  return Promise.resolve({
    ok: failure === undefined,
    detail: failure ?? `${tables.length} tables, generation ${generation}`,
  });
}
