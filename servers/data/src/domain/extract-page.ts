import { parseFeed } from "htmlparser2";
import { decodeText } from "./charset.ts";
import { removeConsentBanners } from "./consent-banner.ts";
import { findContentKind, type ContentKind } from "./content-kind.ts";
import { isTooComplex, parseDocument } from "./dom.ts";
import { removeDeclarations, removeHidden, removeSilentAttributes } from "./hidden-elements.ts";
import { removeInvisibleCharacters } from "./invisible-text.ts";
import { findLanguage } from "./language.ts";
import { cleanLine, parseDate, readNames, readStatedFacts, toLanguageCode } from "./page-metadata.ts";
import { toPlainText } from "./page-text.ts";
import { findReadableContent } from "./readable-content.ts";
import { toStatedBody } from "./stated-body.ts";
import { streamText, withoutScripts } from "./stream-text.ts";
import { toMarkdown } from "./to-markdown.ts";
import { trimContent } from "./trim-content.ts";

export interface ExtractedPage {
  kind: ContentKind | "feed";
  title: string | null;
  author: string | null;
  /** Milliseconds since 1970. */
  publishedAt: number | null;
  /** Primary language, e.g. `en`. */
  language: string | null;
  markdown: string;
  /** The same content without markup: what is indexed and embedded. */
  text: string;
  /** Characters of `text`. */
  textLength: number;
  excerpt: string;
  canonicalUrl: string | null;
  /** How the main text was found. */
  method: "readability" | "density" | "body" | "stream" | "whole";
  /** The source was longer than we read. */
  truncated: boolean;
}

/** Characters read of one document; the rest is left out and said to be. */
const maxSourceCharacters = 8_000_000;
/** From here on scripts are cut out before parsing; and a page that is still longer than this gets no tree. */
const largeCharacters = 500_000;
const maxTreeCharacters = 3_000_000;
const maxMarkdownCharacters = 2_000_000;

/**
 * A fetched body → its readable content. Pure: the same bytes give the same page.
 * @throws AppError invalid_input when the body is not text
 */
export function extractPage(input: {
  body: Uint8Array;
  contentType: string | undefined;
  contentLanguage: string | undefined;
  url: string;
  now: number;
}): ExtractedPage {
  const kind = findContentKind(input.body, input.contentType, input.url);
  const decoded = decodeText(input.body, input.contentType);
  const source = decoded.slice(0, maxSourceCharacters);
  const truncated = source.length < decoded.length;
  const page =
    kind === "html"
      ? extractHtml(source, input.url, input.now)
      : kind === "xml"
        ? extractXml(source, input.url)
        : extractText(source, kind);
  const text = page.text.slice(0, maxMarkdownCharacters);
  const stated = page.language ?? toLanguageCode(input.contentLanguage);
  return {
    ...page,
    text,
    markdown: page.markdown.slice(0, maxMarkdownCharacters),
    language: findLanguage(text, stated),
    textLength: text.length,
    excerpt: makeExcerpt(text),
    truncated: truncated || page.markdown.length > maxMarkdownCharacters,
  };
}

type RawPage = Omit<ExtractedPage, "textLength" | "excerpt" | "truncated">;

/** HTML → page. Trees too deep or too large to build are read as a stream of words instead. */
export function extractHtml(source: string, url: string, now: number): RawPage {
  const html = source.length > largeCharacters ? withoutScripts(source) : source;
  if (html.length > maxTreeCharacters || isTooComplex(html)) return extractStream(html);
  const document = parseDocument(html);
  const { articleBody, ...stated } = readStatedFacts(document, url, now);
  const base = document.querySelector("base[href]")?.getAttribute("href");
  removeHidden(document);
  const names = readNames(document);
  removeDeclarations(document);
  removeConsentBanners(document);
  const content = findReadableContent(document, articleBody === null ? null : toStatedBody(articleBody));
  const facts = { kind: "html" as const, ...stated, ...names };
  if (!content) return { ...facts, markdown: "", text: "", method: "body" };
  trimContent(content.root, names.title);
  removeSilentAttributes(content.root);
  const baseUrl = (base ? URL.parse(base, url)?.href : undefined) ?? url;
  return {
    ...facts,
    markdown: toMarkdown(content.root, baseUrl),
    text: toPlainText(content.root),
    method: content.method,
  };
}

function extractStream(html: string): RawPage {
  const text = removeInvisibleCharacters(streamText(html, maxMarkdownCharacters));
  const title = cleanLine(/<title[^>]{0,200}>([^<]{1,500})/i.exec(html.slice(0, 200_000))?.[1] ?? "", 500);
  return { ...emptyFacts("html"), title: title || null, markdown: text, text, method: "stream" };
}

function emptyFacts(kind: RawPage["kind"]): Omit<RawPage, "markdown" | "text" | "method"> {
  return { kind, title: null, author: null, publishedAt: null, language: null, canonicalUrl: null };
}

/** Plain text, Markdown and JSON. Images in Markdown become links: a shown image can carry data out of a conversation. */
function extractText(source: string, kind: "text" | "markdown" | "json"): RawPage {
  const text = removeInvisibleCharacters(source).replace(/\r\n?/g, "\n").trim();
  if (kind === "json") return { ...emptyFacts(kind), markdown: fence(formatJson(text), "json"), text, method: "whole" };
  if (kind === "text") return { ...emptyFacts(kind), markdown: text, text, method: "whole" };
  const markdown = text.replace(/<!--[\s\S]*?(?:-->|$)/g, "").replace(/!\[/g, "[");
  const title = cleanLine(/^#{1,2}\s+(.{1,500})$/m.exec(markdown)?.[1] ?? "", 500);
  return { ...emptyFacts(kind), title: title || null, markdown, text: markdown, method: "whole" };
}

function formatJson(text: string): string {
  try {
    // Indented, unless that would change a number: large ids do not survive JSON.parse.
    return /\d{16,}|\d\.\d{16,}|\d[eE][+-]?\d/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function fence(text: string, language: string): string {
  const longest = [...text.matchAll(/`{3,}/g)].reduce((most, run) => Math.max(most, run[0].length), 2);
  const mark = "`".repeat(longest + 1);
  return `${mark}${language}\n${text}\n${mark}`;
}

/** RSS, Atom and RDF → a list of entries; other XML as it is. Entities and DTDs are never expanded. */
function extractXml(source: string, url: string): RawPage {
  if (/<(?:rss|feed|rdf:RDF)[\s>]/i.test(source.slice(0, 4000)) && !isTooComplex(source)) {
    const feed = parseFeed(source);
    if (feed) return extractFeed(feed, url);
  }
  const text = removeInvisibleCharacters(source.replace(/<!--[\s\S]*?(?:-->|$)/g, ""));
  const words = text
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return { ...emptyFacts("xml"), markdown: fence(text.trim(), "xml"), text: words, method: "whole" };
}

/** The parser makes a Date of whatever stands there. */
function isSound(date: Date | undefined): date is Date {
  return date !== undefined && !Number.isNaN(date.getTime());
}

function extractFeed(feed: NonNullable<ReturnType<typeof parseFeed>>, url: string): RawPage {
  const title = cleanLine(feed.title ?? "", 500);
  const about = cleanLine(toWords(feed.description ?? ""), 1000);
  const entries = feed.items.slice(0, 500).map((item) => {
    const name = cleanLine(toWords(item.title ?? ""), 300) || "Untitled";
    const link = item.link ? URL.parse(item.link, url) : null;
    const day = isSound(item.pubDate) ? ` (${item.pubDate.toISOString().slice(0, 10)})` : "";
    const summary = cleanLine(toWords(item.description ?? ""), 600);
    const label = link && /^https?:$/.test(link.protocol) ? `[${name.replace(/[[\]]/g, "")}](${link.href})` : name;
    return { markdown: `- ${label}${day}${summary ? `: ${summary}` : ""}`, text: `${name}${day}. ${summary}` };
  });
  const updated = isSound(feed.updated) ? parseDate(feed.updated.toISOString()) : null;
  return {
    ...emptyFacts("feed"),
    title: title || null,
    publishedAt: updated,
    markdown: [about, ...entries.map((entry) => entry.markdown)].filter(Boolean).join("\n"),
    text: [about, ...entries.map((entry) => entry.text)].filter(Boolean).join("\n\n"),
    method: "whole",
  };
}

/** Feed summaries are HTML in disguise; the same hidden-text rules apply to them. */
function toWords(html: string): string {
  return html.includes("<") ? streamText(html, 5000) : html;
}

/** The first sentences, at most 300 characters, cut at a word. */
function makeExcerpt(text: string): string {
  const flat = text.slice(0, 1000).replace(/\s+/gu, " ").trim();
  if (flat.length <= 300) return flat;
  return `${flat.slice(0, 300).replace(/\s+\S*$/u, "")}…`;
}
