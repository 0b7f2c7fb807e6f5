import { cleanLine, parseDate } from "../domain/page-metadata.ts";
import { parseShallow } from "../domain/parse-shallow.ts";
import { streamText } from "../domain/stream-text.ts";

export interface FeedEntry {
  /** The feed's own id, else its address, else its title: what makes two readings of an entry the same. */
  id: string;
  url: string | null;
  title: string | null;
  author: string | null;
  /** Wall-clock milliseconds; null where the feed gives none that can be read. */
  publishedAt: number | null;
  /** Plain words, at most 600 characters. */
  summary: string;
}

export interface Feed {
  format: "rss" | "atom" | "json";
  title: string | null;
  /** In the feed's order, at most 200. */
  entries: FeedEntry[];
}

const maxCharacters = 5_000_000;
const maxEntries = 200;
const maxFieldCharacters = 20_000;
const maxDepth = 100;

interface RawEntry {
  id: string;
  link: string;
  title: string;
  author: string;
  date: string;
  updated: string;
  summary: string;
  content: string;
}

/** Names of RSS, Atom and RDF, without prefix except where it tells apart. */
const fields = new Map<string, keyof RawEntry>([
  ["guid", "id"],
  ["id", "id"],
  ["title", "title"],
  ["link", "link"],
  ["author", "author"],
  ["dc:creator", "author"],
  ["pubdate", "date"],
  ["published", "date"],
  ["dc:date", "date"],
  ["updated", "updated"],
  ["description", "summary"],
  ["summary", "summary"],
  ["content:encoded", "content"],
  ["content", "content"],
]);

/**
 * RSS, Atom, RDF or JSON Feed → its entries; undefined for what is none of them. Broken markup is read as far as it
 * goes, and entities that a document declares itself are never expanded.
 */
export function parseFeed(text: string, url: string): Feed | undefined {
  const source = text.slice(0, maxCharacters).replace(/^\uFEFF/, "");
  if (/^\s*\{/.test(source)) return parseJsonFeed(source, url);
  const root = /<(rss|feed|rdf:RDF)[\s>]/i.exec(source.slice(0, 4_000))?.[1]?.toLowerCase();
  return root === undefined ? undefined : parseXmlFeed(source, url, root === "feed" ? "atom" : "rss");
}

function emptyEntry(): RawEntry {
  return { id: "", link: "", title: "", author: "", date: "", updated: "", summary: "", content: "" };
}

function parseXmlFeed(source: string, url: string, format: "rss" | "atom"): Feed {
  const open: string[] = [];
  const entries: FeedEntry[] = [];
  const about = emptyEntry();
  let entry: RawEntry | undefined;
  /** The field being read, and how deep its element lies. */
  let field: { name: keyof RawEntry; depth: number } | undefined;
  parseShallow(
    source,
    {
      onopentag(tag, attributes) {
        const name = tag.toLowerCase().replace(/^atom:/, "");
        open.push(name);
        if (open.length > maxDepth) return;
        if (name === "item" || name === "entry") entry = emptyEntry();
        const known = field ? undefined : fields.get(name);
        if (known === undefined) return;
        const target = entry ?? about;
        // The first wins: later ones are of sources and media.
        if (target[known] === "" || known === "link") field = { name: known, depth: open.length };
        const { href, rel = "alternate" } = attributes;
        if (known === "link" && href !== undefined && rel === "alternate" && target.link === "") target.link = href;
      },
      ontext(part) {
        if (!field || (!entry && open.length > 3)) return;
        const within = open.at(-1);
        if (field.name === "author" && (within === "uri" || within === "email")) return;
        const target = entry ?? about;
        if (target[field.name].length < maxFieldCharacters) target[field.name] += part;
      },
      onclosetag() {
        if (field?.depth === open.length) field = undefined;
        const name = open.pop();
        if (!entry || (name !== "item" && name !== "entry")) return;
        const finished = toEntry(entry, url);
        if (finished && entries.length < maxEntries) entries.push(finished);
        entry = undefined;
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  return { format, title: toLine(about.title, 500), entries };
}

function parseJsonFeed(source: string, url: string): Feed | undefined {
  let feed: unknown;
  try {
    feed = JSON.parse(source);
  } catch {
    return undefined;
  }
  if (!isRecord(feed) || !/^https?:\/\/jsonfeed\.org\//.test(textOf(feed["version"]))) return undefined;
  const items = Array.isArray(feed["items"]) ? feed["items"].filter(isRecord) : [];
  const entries = items.slice(0, maxEntries).map((item) => {
    const authors: unknown[] = Array.isArray(item["authors"]) ? item["authors"] : [item["author"]];
    const [author] = authors.filter(isRecord);
    const raw: RawEntry = {
      id: textOf(item["id"]),
      link: textOf(item["url"]) || textOf(item["external_url"]),
      title: textOf(item["title"]),
      author: textOf(author?.["name"]),
      date: textOf(item["date_published"]),
      updated: textOf(item["date_modified"]),
      summary: textOf(item["summary"]),
      content: textOf(item["content_text"]) || textOf(item["content_html"]),
    };
    return toEntry(raw, url);
  });
  return {
    format: "json",
    title: toLine(textOf(feed["title"]), 500),
    entries: entries.filter((entry) => entry !== undefined),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.slice(0, maxFieldCharacters) : "";
}

function toEntry(raw: RawEntry, base: string): FeedEntry | undefined {
  const isLink = /^https?:\/\//i.test(raw.id.trim());
  const url = URL.parse(raw.link.trim() || (isLink ? raw.id.trim() : "x:"), base);
  const address = url && /^https?:$/.test(url.protocol) && url.username === "" ? url.href : null;
  const title = toLine(raw.title, 500);
  const id = (raw.id.trim() || address || title || "").slice(0, 2_000);
  if (id === "") return undefined;
  return {
    id,
    url: address,
    title,
    author: toLine(raw.author, 200),
    publishedAt: parseDate(raw.date.trim()) ?? parseDate(raw.updated.trim()),
    summary: toLine(raw.summary || raw.content, 600) ?? "",
  };
}

/** Titles and summaries are HTML in disguise: what a reader would not see is left out. */
function toLine(html: string, maxLength: number): string | null {
  const words = html.includes("<") ? streamText(html, 5_000) : html;
  return cleanLine(words, maxLength) || null;
}
