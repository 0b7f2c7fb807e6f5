import { expect, test } from "vitest";
import type { DocumentExports } from "../exports/document-exports.ts";
import { toolContext } from "../testing/tool-context.ts";
import { exportDocuments } from "./export-documents.ts";

test("hands the filter on and says where the file is and how long", async () => {
  const asked: unknown[] = [];
  const exports: Pick<DocumentExports, "write"> = {
    async write(request) {
      asked.push(request);
      return { fileName: "documents-1.csv", documents: 2, bytes: 10, sha256: "00", expiresAt: 0, isCut: false };
    },
  };
  const input = exportDocuments.input.parse({ format: "csv", since: "2026-11-01", source: "tavily" });
  const output = await exportDocuments.run(input, toolContext({ exports, storeMode: "local" as const }));
  expect(asked).toMatchObject([
    { format: "csv", caller: "caller-1", filter: { since: Date.UTC(2026, 10, 1), source: "tavily" } },
  ]);
  expect(exportDocuments.output.parse(output)).toMatchObject({
    path: "/exports?file=documents-1.csv",
    expiresAt: "1970-01-01T00:00:00.000Z",
  });
});
