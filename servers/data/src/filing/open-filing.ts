import type { Platform } from "@sophia/core/mcp/platform";
import type { Store } from "@sophia/core/store/store";
import type { DocumentStore } from "../documents/document-store.ts";
import type { DataTables } from "../documents/tables.ts";
import { createDuplicates, type Duplicates } from "./duplicates.ts";
import { createFiledDocuments } from "./filed-documents.ts";
import { createFiler } from "./filer.ts";
import type { FilingTables } from "./filing-tables.ts";

const jobKind = "data.file_documents";
const filedAtOnce = 200;

/** The document store with every saved document filed, and a job for what is not. Before `jobs.start()`. */
export async function openFiling(
  { store, clock, log, jobs }: Pick<Platform<DataTables>, "store" | "clock" | "log" | "jobs">,
  documents: DocumentStore,
): Promise<{ documents: DocumentStore; duplicates: Duplicates }> {
  // Their tables are in the same store, made by the migrations that main.ts names.
  const tables = { store: store as unknown as Store<FilingTables>, clock };
  const filer = createFiler(tables);
  jobs.define(jobKind, async ({ signal }) => {
    let filed = 0;
    for (let found = filedAtOnce; found === filedAtOnce; filed += found) {
      found = await filer.fileMissing(filedAtOnce, signal);
    }
    return { filed };
  });
  await jobs.enqueue({ kind: jobKind, input: {}, idempotencyKey: `start-${clock.now()}` });
  return { documents: createFiledDocuments(documents, { filer, log }), duplicates: createDuplicates(tables) };
}
