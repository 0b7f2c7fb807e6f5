import type { Logger } from "pino";
import type { DocumentStore } from "../documents/document-store.ts";
import type { Filer } from "./filer.ts";

/** The store as others see it: what is saved is filed, too. A document that cannot be filed is saved all the same. */
export function createFiledDocuments(documents: DocumentStore, options: { filer: Filer; log: Logger }): DocumentStore {
  const { filer, log } = options;
  return {
    ...documents,
    async save(page, fetched) {
      const saved = await documents.save(page, fetched);
      if (saved.state !== "unchanged") {
        await filer.file(saved.id).catch((error: unknown) => {
          log.warn({ err: error, documentId: saved.id }, "A document was not filed; the next start looks for gaps.");
        });
      }
      return saved;
    },
  };
}
