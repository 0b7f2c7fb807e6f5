import { foldedText, type PageDocument, type PageElement } from "./dom.ts";
import { removeInvisibleCharacters } from "./invisible-text.ts";
import { toPlainText } from "./page-text.ts";

/** Dates, codes and addresses cannot speak: they are read from the whole page, shown or not. */
export interface StatedFacts {
  /** Milliseconds since 1970. */
  publishedAt: number | null;
  /** BCP 47 primary language, lower case. */
  language: string | null;
  canonicalUrl: string | null;
  /** The article as linked data has it, to find its place in the page: silent text, never to be shown itself. */
  articleBody: string | null;
}

type JsonObject = Record<string, unknown>;

const articleTypes = /Article|Posting|Report|NewsItem|WebPage|Recipe|HowTo|QAPage|Product|Review|CreativeWork/;

/** Reads date, language and address. `now` bounds dates: a page from the future has a wrong clock, not a date. */
export function readStatedFacts(document: PageDocument, pageUrl: string, now: number): StatedFacts {
  const article = readArticle(document);
  const tags = readMetaTags(document);
  return {
    publishedAt: readPublishedAt(document, tags, article, now) ?? readDateOfAddress(pageUrl, now),
    language: readLanguage(document, tags, article),
    canonicalUrl: readCanonicalUrl(document, tags, pageUrl),
    articleBody: asText(article?.["articleBody"]),
  };
}

/** Title and author, after `removeHidden`: both are words that a reader of the page can see. */
export function readNames(document: PageDocument): { title: string | null; author: string | null } {
  const tags = readMetaTags(document);
  return { title: readTitle(document, tags), author: readAuthor(document, tags, readArticle(document)) };
}

function readArticle(document: PageDocument): JsonObject | undefined {
  const entries = readLinkedData(document);
  return entries.find((entry) => hasType(entry, /Article|Posting|Report|NewsItem/)) ?? entries[0];
}

/** JSON-LD objects that describe a page, `@graph` unfolded. Broken blocks are skipped: they are common and never fatal. */
function readLinkedData(document: PageDocument): JsonObject[] {
  const found: JsonObject[] = [];
  for (const script of document.querySelectorAll('script[type*="ld+json" i]')) {
    const source = (script.textContent ?? "")
      .slice(0, 1_000_000)
      .replace(/^\s*(?:<!--|<!\[CDATA\[)|(?:-->|\]\]>)\s*$/g, "");
    collectObjects(parseLeniently(source), found, 0);
    if (found.length > 200) break;
  }
  return found.filter((entry) => hasType(entry, articleTypes));
}

function parseLeniently(source: string): unknown {
  // Publishers put raw line breaks inside strings, which JSON forbids; a space there changes nothing we read.
  for (const text of [source, source.replace(/\p{Cc}+/gu, " ")]) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      continue;
    }
  }
  return undefined;
}

function collectObjects(value: unknown, found: JsonObject[], depth: number): void {
  if (depth > 6 || found.length > 200) return;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, 200)) collectObjects(item, found, depth + 1);
  } else if (isObject(value)) {
    if ("@type" in value) found.push(value);
    collectObjects(value["@graph"], found, depth + 1);
    collectObjects(value["mainEntity"], found, depth + 1);
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasType(entry: JsonObject, pattern: RegExp): boolean {
  return [entry["@type"]].flat().some((type) => typeof type === "string" && pattern.test(type));
}

function asText(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}

/** First content of each `meta` by its lower-case name, from one walk: a search of the tree for each name is slow. */
function readMetaTags(document: PageDocument): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const element of document.querySelectorAll("meta[content]")) {
    const content = element.getAttribute("content")?.trim();
    for (const attribute of content ? ["property", "name", "itemprop"] : []) {
      const name = element.getAttribute(attribute)?.toLowerCase();
      if (content && name && !tags.has(name)) tags.set(name, content);
    }
  }
  return tags;
}

function meta(tags: ReadonlyMap<string, string>, ...names: string[]): string | null {
  for (const name of names) {
    const content = tags.get(name.toLowerCase());
    if (content !== undefined) return content;
  }
  return null;
}

/** Title as the reader sees it: the tab's title without the site's name, or the headline. Silent tags only choose between them. */
function readTitle(document: PageDocument, tags: ReadonlyMap<string, string>): string | null {
  const tab = foldedText(document.querySelector("title"));
  const headings = [...document.querySelectorAll("h1")].slice(0, 10).map(foldedText).filter(Boolean);
  const stated = cleanLine(meta(tags, "og:title", "twitter:title") ?? "", 500);
  const visible = [tab, ...headings].map(normalised);
  if (stated && visible.some((text) => text.includes(normalised(stated)))) return stated;
  const heading = headings.find((text) => text.length > 3 && normalised(tab).includes(normalised(text)));
  const title = heading ?? (withoutSiteName(tab) || headings[0] || "");
  return cleanLine(title, 500) || null;
}

function normalised(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

function withoutSiteName(title: string): string {
  const parts = title.split(/\s+[|»·•—–-]\s+|\s*[|»]\s*/u);
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), "");
  return longest.split(/\s+/).length >= 3 ? longest : title;
}

function readAuthor(
  document: PageDocument,
  tags: ReadonlyMap<string, string>,
  article: JsonObject | undefined,
): string | null {
  const shown = document.body ? normalised(toPlainText(document.body)) : "";
  // What linked data and meta tags say is silent; a name counts once the page shows it.
  const isShown = (name: string) => normalised(name) !== "" && shown.includes(normalised(withoutBy(name)));
  const stated = authorNames(article?.["author"] ?? article?.["creator"]).filter(isShown);
  const candidates = [
    stated.slice(0, 5).join(", "),
    ...["author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "byl", "citation_author"].map(
      (name) => shownNames(meta(tags, name) ?? "", isShown),
    ),
    ...[...document.querySelectorAll('[itemprop="author"] [itemprop="name"], [itemprop="author"], a[rel~="author"]')]
      .slice(0, 3)
      .map(firstLine),
    firstLine(document.querySelector('.byline, .author-name, .byline-name, [class*="byline" i], .author')),
  ];
  for (const candidate of candidates) {
    const name = withoutBy(cleanLine(candidate, 200));
    if (isPersonLike(name)) return name;
  }
  return null;
}

function withoutBy(name: string): string {
  return name.replace(/^(?:by|von|par|por|di|av)\s*:?\s+/iu, "");
}

function shownNames(names: string, isShown: (name: string) => boolean): string {
  return isShown(names)
    ? names
    : names
        .split(/\s*[,;]\s*/)
        .filter(isShown)
        .join(", ");
}

function firstLine(element: PageElement | null): string {
  return element ? (toPlainText(element).split("\n")[0] ?? "") : "";
}

function authorNames(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(authorNames);
  if (isObject(value)) return authorNames(value["name"]);
  return [];
}

/** A byline is short and is no address. Longer text in that place is something else, or an instruction in hiding. */
function isPersonLike(name: string): boolean {
  if (name.length < 2 || /https?:|www\.|@|[<>{}]|[.!?]\s+\p{L}{4,}/u.test(name)) return false;
  return name.split(",").every((part) => part.trim().split(/\s+/).length <= 6) && name.length <= 120;
}

function readPublishedAt(
  document: PageDocument,
  tags: ReadonlyMap<string, string>,
  article: JsonObject | undefined,
  now: number,
): number | null {
  const candidates = [
    asText(article?.["datePublished"]) ?? asText(article?.["dateCreated"]),
    meta(tags, "article:published_time", "og:published_time", "datePublished", "parsely-pub-date"),
    meta(tags, "sailthru.date", "dc.date.issued", "dc.date", "dcterms.created", "citation_publication_date"),
    meta(tags, "publish-date", "publish_date", "pubdate", "date", "article.published", "published_time_telegram"),
    document.querySelector('[itemprop="datePublished"][datetime]')?.getAttribute("datetime"),
    document.querySelector('[itemprop="datePublished"][content]')?.getAttribute("content"),
    document
      .querySelector("time[pubdate][datetime], article time[datetime], header time[datetime]")
      ?.getAttribute("datetime"),
    document.querySelector("time[datetime]")?.getAttribute("datetime"),
  ];
  for (const candidate of candidates) {
    const time = candidate ? parseDate(candidate) : null;
    if (time !== null && time <= now + 86_400_000) return time;
  }
  return null;
}

/** `/2026/11/20/` or `/2026-11-20-` in a path: what news sites and blogs have where they state no date. */
function readDateOfAddress(pageUrl: string, now: number): number | null {
  const path = URL.parse(pageUrl)?.pathname ?? "";
  const parts = /\/((?:19|20)\d{2})([/-])(\d{1,2})\2(\d{1,2})(?=[/._-]|$)/.exec(path);
  const time = parts ? parseDate(`${parts[1]}-${parts[3]}-${parts[4]}`) : null;
  return time !== null && time <= now + 86_400_000 ? time : null;
}

/** A date as publishers write it → milliseconds. Dates without a zone are read as UTC, so that the answer does not depend on the machine. */
export function parseDate(value: string): number | null {
  const text = value.trim().slice(0, 64);
  const compact = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  const iso =
    /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T\s]+(\d{1,2}:\d\d(?::\d\d)?)(?:\.\d+)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?)?/i.exec(
      text,
    );
  const parts = compact ?? iso;
  let time: number;
  if (parts) {
    const [, year, month, day, clock = "00:00", zone = "Z"] = parts;
    const offset = /^[+-]/.test(zone) ? zone.replace(/^([+-]\d\d):?(\d\d)$/, "$1:$2") : "Z";
    time = Date.parse(`${year}-${month?.padStart(2, "0")}-${day?.padStart(2, "0")}T${clock.padStart(5, "0")}${offset}`);
  } else {
    if (!/\d{4}/.test(text)) return null;
    time = Date.parse(/(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d{4})\s*$/.test(text) ? text : `${text} UTC`);
  }
  const isPlausible = Number.isFinite(time) && time > Date.UTC(1990, 0, 1) && time < Date.UTC(2100, 0, 1);
  return isPlausible ? time : null;
}

function readLanguage(
  document: PageDocument,
  tags: ReadonlyMap<string, string>,
  article: JsonObject | undefined,
): string | null {
  const stated = [
    document.documentElement?.getAttribute("lang") ?? document.documentElement?.getAttribute("xml:lang"),
    meta(tags, "og:locale", "content-language", "dc.language", "language"),
    asText(article?.["inLanguage"]),
    document.querySelector('meta[http-equiv="content-language" i]')?.getAttribute("content"),
  ];
  for (const value of stated) {
    const code = toLanguageCode(value);
    if (code) return code;
  }
  return null;
}

/** `en-US`, `en_us`, `EN` → `en`; anything else → null. */
export function toLanguageCode(value: string | null | undefined): string | null {
  const code = /^\s*([a-z]{2,3})(?:[-_,;\s]|$)/i.exec(value ?? "")?.[1]?.toLowerCase();
  return code ?? null;
}

/** The address the page gives itself, only when it is on the same host: another site's would let a page pose as that site. */
function readCanonicalUrl(document: PageDocument, tags: ReadonlyMap<string, string>, pageUrl: string): string | null {
  const link = [...document.querySelectorAll("link[rel][href]")].find((element) =>
    /(?:^|\s)canonical(?:\s|$)/i.test(element.getAttribute("rel") ?? ""),
  );
  const page = URL.parse(pageUrl);
  for (const candidate of [link?.getAttribute("href"), meta(tags, "og:url")]) {
    const url = candidate ? URL.parse(candidate, pageUrl) : null;
    if (!url || !page || !/^https?:$/.test(url.protocol) || url.username !== "") continue;
    if (url.host.replace(/^www\./, "") === page.host.replace(/^www\./, "")) return url.href;
  }
  return null;
}

/** One line of visible text, at most `maxLength` characters. */
export function cleanLine(text: string, maxLength: number): string {
  return removeInvisibleCharacters(text).replace(/\s+/gu, " ").trim().slice(0, maxLength);
}
