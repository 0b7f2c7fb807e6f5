import { listSetting, switchSetting, wholeNumberSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";

/** Variables of the Business Intelligence server. */
export const BiConfig = z.object({
  SOPHIA_BI_FOLDER: z
    .string()
    .optional()
    .describe("Folder with CSV, JSON and Parquet files: imported at start, and again when files change."),
  SOPHIA_BI_IMPORT_ROOTS: listSetting().describe("More folders that import_dataset may read, comma separated."),
  SOPHIA_BI_SAMPLE: switchSetting(true).describe("Make the sample shop (tables sample_*) at first start."),
  SOPHIA_BI_MEMORY_MB: wholeNumberSetting({ minimum: 64, maximum: 1_048_576 })
    .default(512)
    .describe("Memory DuckDB may use for one query or import, in MB. A process may take 450 MB beside it."),
  SOPHIA_BI_SPILL_MB: wholeNumberSetting({ minimum: 0, maximum: 1_048_576 })
    .default(2_048)
    .describe("Disk one query may use when memory is not enough, in MB."),
  SOPHIA_BI_THREADS: wholeNumberSetting({ minimum: 1, maximum: 256 })
    .default(2)
    .describe("Processor threads of one query or import."),
  SOPHIA_BI_CONCURRENCY: wholeNumberSetting({ minimum: 1, maximum: 32 })
    .default(2)
    .describe("Queries at the same time, each in a process of its own."),
  SOPHIA_BI_MAX_ROWS: wholeNumberSetting({ minimum: 1, maximum: 1_000_000 })
    .default(10_000)
    .describe("Rows that are read of one result; pages lead through them."),
  SOPHIA_BI_MAX_FILE_MB: wholeNumberSetting({ minimum: 1, maximum: 1_048_576 })
    .default(2_048)
    .describe("Largest file that is imported, in MB."),
  SOPHIA_BI_MAX_TABLES: wholeNumberSetting({ minimum: 4, maximum: 2_000 })
    .default(200)
    .describe("Tables in the warehouse."),
});
export type BiConfig = z.output<typeof BiConfig>;
