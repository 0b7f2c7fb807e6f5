import { hostCalls } from "./child-host.ts";
import { type FileToImport, type ImportedTable, importFile, type ImportOptions, importSample } from "./import-file.ts";

hostCalls(
  {
    async importFile(
      call: { file: FileToImport; options: ImportOptions },
      { signal, progress },
    ): Promise<ImportedTable | undefined> {
      return await importFile(call.file, call.options, signal, (message) => progress({ done: 0, message }));
    },
    async importSample(call: { seed: number; options: ImportOptions }, { signal }) {
      return await importSample(call.seed, call.options, signal);
    },
  },
  Number(process.argv[2]),
);
