import { z } from "zod";
import type { XmlElement } from "./read-xml.ts";
import { snippetOf } from "./snippet.ts";

/** Texts are untrusted. Times: wall clock, ms; `null` where the vendor gives none. */
export interface TwinglyPost {
  /** Up to 64 bits, digit for digit. */
  id: string;
  url: string;
  title: string | null;
  author: string | null;
  /** The vendor licenses it: show `snippet` unless the caller has the right to more. */
  text: string;
  snippet: string;
  licensed: true;
  /** ISO 639-1. */
  language: string | null;
  /** ISO 3166-1, lower case. */
  country: string | null;
  coordinates: { latitude: number; longitude: number } | null;
  links: string[];
  tags: string[];
  images: string[];
  publishedAt: number | null;
  indexedAt: number | null;
  inlinksCount: number;
  /** `rank` 1 to 10, `authority` from 0 up: both by how much others link to the blog. */
  blog: { id: string; name: string | null; url: string; rank: number | null; authority: number | null };
}

const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value === "" ? null : value));
const count = text.transform((value) => {
  const parsed = value === null ? Number.NaN : Number(value);
  return Number.isFinite(parsed) ? parsed : null;
});
const id = z.string().regex(/^\d{1,20}$/);
// LiveFeed has a space where the others have a T, other names, and may leave out the zone, which is UTC then.
const time = text.transform((value) => {
  const stamp = (value ?? "").replace(" ", "T");
  const parsed = Date.parse(/T.*(?:Z|[+-]\d{2}:?\d{2})$/i.test(stamp) || !stamp.includes("T") ? stamp : `${stamp}Z`);
  return Number.isNaN(parsed) ? null : parsed;
});

const PostFields = z.object({
  id,
  url: z.string().min(1),
  title: text,
  author: text,
  text,
  languageCode: text,
  locationCode: text,
  publishedAt: time,
  published: time,
  indexedAt: time,
  indexed: time,
  inlinksCount: count,
  blogId: id,
  blogName: text,
  blogUrl: z.string(),
  blogRank: count,
  authority: count,
});

/** All posts below the root: a single one is a list too. */
export const Posts = z
  .custom<XmlElement>()
  .transform(({ children }) => children.filter(({ name }) => name === "post").map(flatten))
  .pipe(z.array(z.object({ fields: PostFields, element: z.custom<XmlElement>() }).transform(toPost)));

function flatten(element: XmlElement): { fields: z.input<typeof PostFields>; element: XmlElement } {
  const fields: unknown = Object.fromEntries(element.children.map((child) => [child.name, child.text]));
  // What is missing in it, the schema behind this finds.
  return { fields: fields as z.input<typeof PostFields>, element };
}

function toPost({ fields, element }: { fields: z.output<typeof PostFields>; element: XmlElement }): TwinglyPost {
  const body = fields.text ?? "";
  return {
    id: fields.id,
    url: fields.url,
    title: fields.title,
    author: fields.author,
    text: body,
    snippet: snippetOf(body),
    licensed: true,
    language: fields.languageCode,
    country: fields.locationCode,
    coordinates: readCoordinates(element),
    links: listOf(element, "links"),
    tags: listOf(element, "tags"),
    images: listOf(element, "images"),
    publishedAt: fields.publishedAt ?? fields.published,
    indexedAt: fields.indexedAt ?? fields.indexed,
    inlinksCount: fields.inlinksCount ?? 0,
    blog: {
      id: fields.blogId,
      name: fields.blogName,
      url: fields.blogUrl,
      rank: fields.blogRank,
      authority: fields.authority,
    },
  };
}

function childrenOf({ children }: XmlElement, name: string): XmlElement[] {
  return children.find((child) => child.name === name)?.children ?? [];
}

function listOf(element: XmlElement, name: string): string[] {
  return childrenOf(element, name)
    .map((child) => child.text)
    .filter((value) => value !== "");
}

function readCoordinates(element: XmlElement): TwinglyPost["coordinates"] {
  const parts = new Map(childrenOf(element, "coordinates").map((child) => [child.name, Number(child.text || "none")]));
  const { latitude = Number.NaN, longitude = Number.NaN } = Object.fromEntries(parts);
  return Number.isFinite(latitude) && Number.isFinite(longitude) ? { latitude, longitude } : null;
}
