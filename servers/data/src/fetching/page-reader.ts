import type { Clock } from "@sophia/core/limits/clock";
import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Logger } from "pino";
import type { DocumentStore, SavedDocument } from "../documents/document-store.ts";
import type { PassageVectors } from "../documents/passage-vectors.ts";
import { decodeText } from "../domain/charset.ts";
import type { ExtractedPage } from "../domain/extract-page.ts";
import { readMetaReservations, type Reservation, toReservations } from "../domain/reservations.ts";
import { robotName } from "../domain/robots.ts";
import type { Renderer } from "../rendering/renderer.ts";
import type { Extractor } from "./extractor.ts";
import { findLinks } from "./find-links.ts";
import type { FetchedBody, PageFetcher } from "./page-fetcher.ts";
import { readShown, type RenderWish } from "./read-shown.ts";
import type { KeptPage, PageValidators } from "./page-validators.ts";

/** What is known of a page's content, be it read now or kept from before. */
export type PageContent = Omit<ExtractedPage, "text" | "excerpt">;

export interface ReadPage {
  page: PageContent;
  saved: SavedDocument;
  url: string;
  finalUrl: string;
  /** Addresses the page links to, when they were asked for; at most 2,000. */
  links: string[];
  /** Without its scripts the page said nothing: whether a browser showed more, or could not. */
  rendering?: "rendered" | "failed";
  screenshotPng?: Buffer;
  /** What the site's owner does not want done with it. */
  reservations?: readonly Reservation[];
}

interface ReadOptions {
  wantLinks?: boolean;
  render?: RenderWish;
  /** The page as it came is kept beside its text. */
  keepOriginal?: boolean;
}

export interface PageReader {
  /**
   * Fetches, extracts and stores one page. The document is durable when this resolves. A page read before is asked for
   * on condition that it has changed, unless its links are wanted: those are not kept. With `render` it is shown in
   * Chromium, whatever it says without its scripts.
   */
  read(url: string, signal: AbortSignal, options?: ReadOptions): Promise<ReadPage>;
}

export const embedJobKind = "data.embed_documents";
/** Passages embedded before the answer (about 15 ms each); the rest of a long page is a job. */
const inlinePassages = 48;
const inlineTimeoutMs = 5_000;
const headBytes = 200_000;

export function createPageReader(options: {
  fetcher: PageFetcher;
  extractor: Extractor;
  documents: Pick<DocumentStore, "save">;
  validators: PageValidators;
  vectors: Pick<PassageVectors, "embedMissing">;
  /** For pages that are empty without their scripts; undefined where no browser is installed. */
  renderer?: Pick<Renderer, "render"> | undefined;
  jobs: Pick<Jobs, "enqueue">;
  clock: Clock;
  log: Logger;
}): PageReader {
  const { fetcher, documents, validators, vectors, jobs, clock, log } = options;

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
    async read(url, signal, { wantLinks = false, render: wish, keepOriginal = false } = {}) {
      const known = wantLinks || wish || keepOriginal ? undefined : await validators.find(url);
      const fetched = await fetcher.fetch(url, signal, known);
      if (known && fetched.isNotModified) {
        const now = clock.now();
        await validators.touch(known.document.id, now);
        return { ...toUnchanged(url, known, now), reservations: await validators.reservationsOf(known.document.id) };
      }
      const { page, rendering, document, screenshotPng } = await readShown(fetched, { ...options, wish }, signal);
      const { finalUrl } = document;
      const source = rendering === "rendered" ? "rendered" : "direct";
      const saved = await documents.save(page, {
        url,
        finalUrl,
        source,
        ...(keepOriginal && { original: document.body }),
      });
      // What the scripts show may change while the page that calls them does not.
      const facts = source === "direct" ? fetched : { ...fetched, finalUrl, etag: undefined, lastModified: undefined };
      const kept = withMeta(facts, page);
      await validators.keep(kept, page, saved.id);
      if (saved.state !== "unchanged") await embed(saved.id, signal);
      const links = wantLinks && page.kind === "html" ? findLinks(document) : [];
      const reservations = toReservations(kept.robotsTag ?? null, kept.isTdmReserved);
      const shown = { ...(rendering && { rendering }), ...(screenshotPng && { screenshotPng }) };
      return { page, saved, url, finalUrl, links, reservations, ...shown };
    },
  };
}

/** What an owner reserves may stand in a header or in the page. */
function withMeta<Facts extends FetchedBody>(facts: Facts, { kind }: ExtractedPage): Facts {
  if (kind !== "html") return facts;
  const meta = readMetaReservations(decodeText(facts.body.subarray(0, headBytes), facts.contentType));
  // Named, as a header may end with what is meant for others.
  const inPage = meta.robotsTag === null ? undefined : `${robotName}: ${meta.robotsTag}`;
  const tags = [facts.robotsTag, inPage].filter((tag) => tag !== undefined);
  return {
    ...facts,
    robotsTag: tags.length === 0 ? undefined : tags.join(", "),
    isTdmReserved: facts.isTdmReserved || meta.isTdmReserved,
  };
}

function toUnchanged(url: string, { document, method, truncated, finalUrl }: KeptPage, checkedAt: number): ReadPage {
  const { id, version, fetched_at: fetchedAt, title, author, language, markdown } = document;
  return {
    page: {
      // The column holds what an extracted page said.
      kind: document.kind as ExtractedPage["kind"],
      title,
      author,
      publishedAt: document.published_at,
      language,
      markdown,
      textLength: document.text_length,
      canonicalUrl: document.canonical_url,
      method,
      truncated,
    },
    saved: { id, version, state: "unchanged", fetchedAt, checkedAt },
    url,
    finalUrl,
    links: [],
  };
}
