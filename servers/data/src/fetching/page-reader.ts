import type { Clock } from "@sophia/core/limits/clock";
import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Logger } from "pino";
import type { DocumentStore, SavedDocument } from "../documents/document-store.ts";
import type { PassageVectors } from "../documents/passage-vectors.ts";
import type { ExtractedPage } from "../domain/extract-page.ts";
import type { Extractor } from "./extractor.ts";
import type { PageFetcher } from "./page-fetcher.ts";

export interface ReadPage {
  page: ExtractedPage;
  saved: SavedDocument;
  url: string;
  finalUrl: string;
}

export interface PageReader {
  /** Fetches, extracts and stores one page. The document is durable when this resolves. */
  read(url: string, signal: AbortSignal): Promise<ReadPage>;
}

export const embedJobKind = "data.embed_documents";
/** Passages embedded before the answer (about 15 ms each); the rest of a long page is a job. */
const inlinePassages = 48;
const inlineTimeoutMs = 5_000;

export function createPageReader(options: {
  fetcher: PageFetcher;
  extractor: Extractor;
  documents: Pick<DocumentStore, "save">;
  vectors: Pick<PassageVectors, "embedMissing">;
  jobs: Pick<Jobs, "enqueue">;
  clock: Clock;
  log: Logger;
}): PageReader {
  const { fetcher, extractor, documents, vectors, jobs, clock, log } = options;

  /** The page is stored already, so nothing that goes wrong here may fail the call: the job makes up for it. */
  async function embed(documentId: string, signal: AbortSignal): Promise<void> {
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(inlineTimeoutMs)]);
      const made = await vectors.embedMissing(inlinePassages, { signal: limited, documentId });
      if (made < inlinePassages) return;
    } catch (error) {
      log.info({ err: error, documentId }, "Embedding is left to a job.");
    }
    await jobs.enqueue({ kind: embedJobKind, input: {}, idempotencyKey: documentId }).catch((error: unknown) => {
      log.warn({ err: error, documentId }, "The embedding job could not be queued; the next start looks for gaps.");
    });
  }

  return {
    async read(url, signal) {
      const fetched = await fetcher.fetch(url, signal);
      const page = await extractor.extract({ ...fetched, url: fetched.finalUrl, now: clock.now() }, signal);
      const { finalUrl } = fetched;
      const saved = await documents.save(page, { url, finalUrl, source: "direct" });
      if (saved.state !== "unchanged") await embed(saved.id, signal);
      return { page, saved, url, finalUrl };
    },
  };
}
