import { z } from "zod";
import { snippetOf } from "./snippet.ts";

/** Texts are untrusted. Times: wall clock, ms; `null` where the vendor gives none. */
export interface TwinglyArticle {
  /** Up to 64 bits, digit for digit. */
  id: string;
  url: string;
  title: string | null;
  author: string | null;
  /** The publisher licenses it: show `snippet` unless the caller has the right to more. `null`: not given at all. */
  text: string | null;
  snippet: string;
  licensed: true;
  language: string | null;
  country: string | null;
  publishedAt: number | null;
  /** When the vendor got it; by this it sorts and cuts. */
  receivedAt: number | null;
  site: { id: string | null; name: string | null; url: string | null };
  section: string | null;
  isPaywalled: boolean | null;
  /** The same text elsewhere, where it was asked for once only. */
  identical: { id: string; url: string; siteName: string | null }[];
}

const id = z.union([z.string().regex(/^\d{1,20}$/), z.number().int().nonnegative()]).transform(String);
const text = z
  .string()
  .nullish()
  .transform((value) => (value === undefined || value === "" ? null : value));
const time = text.transform((value) => {
  const parsed = Date.parse(value ?? "");
  return Number.isNaN(parsed) ? null : parsed;
});

const Identical = z.object({ article_id: id, url: z.string(), site_name: text });

const NewsDocument = z.object({
  article_id: id,
  url: z.string().min(1),
  title: text,
  text,
  summary: text,
  author: text,
  timestamp: time,
  published_at: time,
  language_code: text,
  location_code: text,
  site_id: id.nullish(),
  site_name: text,
  site_url: text,
  section_name: text,
  article_is_paywalled: z.boolean().nullish(),
  identical_documents: z.array(Identical).nullish(),
});

export const NewsReply = z.object({
  number_of_documents_estimated_total: z.number().nullish(),
  documents: z.array(NewsDocument),
});

export function toArticle(document: z.output<typeof NewsDocument>): TwinglyArticle {
  return {
    id: document.article_id,
    url: document.url,
    title: document.title,
    author: document.author,
    text: document.text,
    snippet: snippetOf(document.summary ?? document.text ?? ""),
    licensed: true,
    language: document.language_code,
    country: document.location_code,
    publishedAt: document.published_at,
    receivedAt: document.timestamp,
    site: { id: document.site_id ?? null, name: document.site_name, url: document.site_url },
    section: document.section_name,
    isPaywalled: document.article_is_paywalled ?? null,
    identical: (document.identical_documents ?? []).map((other) => ({
      id: other.article_id,
      url: other.url,
      siteName: other.site_name,
    })),
  };
}
