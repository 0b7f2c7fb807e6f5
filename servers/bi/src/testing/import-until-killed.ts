import { setTimeout as delay } from "node:timers/promises";
import { startBi } from "./bi-services.ts";

const [folder = "", dataDir = ""] = process.argv.slice(2);
const { services } = await startBi({ SOPHIA_BI_SAMPLE: "off", SOPHIA_BI_IMPORT_ROOTS: folder }, dataDir);

// Reports each table once its commit has returned: that is what a caller may rely on.
const reported = new Set<string>();
const report = (): void => {
  for (const outcome of services.imports.runs(1)[0]?.outcomes ?? []) {
    if (outcome.result !== "imported" || outcome.table === undefined || reported.has(outcome.table)) continue;
    reported.add(outcome.table);
    process.send?.({ table: outcome.table, rows: outcome.rows });
  }
};
await services.imports.run(folder, { signal: new AbortController().signal, progress: report });
report();
// The parent kills us; an import that was quicker than it waits here for that.
await delay(30_000);
