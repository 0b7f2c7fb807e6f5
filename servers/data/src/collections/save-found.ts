import type { Clock } from "@sophia/core/limits/clock";
import type { DocumentStore } from "../documents/document-store.ts";
import type { ExtractedPage } from "../domain/extract-page.ts";
import { removeInvisibleCharacters } from "../domain/invisible-text.ts";
import { findLanguage } from "../domain/language.ts";
import type { Extractor } from "../fetching/extractor.ts";
import type { FoundPage, StoredPage } from "./source.ts";

/** Makes documents of what a vendor found. The same page twice is one document, so it may be called again. */
export type SaveFound = (found: FoundPage, source: string, signal: AbortSignal) => Promise<StoredPage>;

const excerptCharacters = 300;
const mostCharacters = 2_000_000;

export function createSaveFound(options: {
  documents: Pick<DocumentStore, "save">;
  extractor: Pick<Extractor, "extract">;
  clock: Clock;
}): SaveFound {
  const { documents, extractor, clock } = options;
  return async (found, source, signal) => {
    const { url, body } = found;
    const page =
      body.kind === "html"
        ? await extractor.extract(
            {
              body: Buffer.from(body.html),
              contentType: "text/html; charset=utf-8",
              contentLanguage: undefined,
              url,
              now: clock.now(),
            },
            signal,
          )
        : toPage(found, body.markdown);
    const titled = { ...page, title: page.title ?? found.title };
    const saved = await documents.save(titled, { url, finalUrl: url, source });
    return { documentId: saved.id, state: saved.state, url, title: titled.title };
  };
}

/** A vendor's own extraction, cleaned of what a reader would not see. */
function toPage(found: FoundPage, markdown: string): ExtractedPage {
  const text = removeInvisibleCharacters(markdown.slice(0, mostCharacters));
  return {
    kind: "markdown",
    title: found.title === null ? null : removeInvisibleCharacters(found.title),
    author: found.author ?? null,
    publishedAt: found.publishedAt ?? null,
    language: findLanguage(text, found.language ?? null),
    markdown: text,
    text,
    textLength: text.length,
    excerpt: text.slice(0, excerptCharacters),
    canonicalUrl: null,
    method: "whole",
    truncated: markdown.length > mostCharacters,
  };
}
