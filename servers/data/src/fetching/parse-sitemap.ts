import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Parser } from "htmlparser2";
import { AppError } from "@sophia/core/errors/app-error";
import { decodeText } from "../domain/charset.ts";

export interface SitemapEntry {
  url: string;
  /** Wall-clock milliseconds, as the site says; null when it does not. */
  lastModified: number | null;
}

export interface Sitemap {
  pages: SitemapEntry[];
  /** Further sitemaps, when the file is an index. */
  sitemaps: string[];
}

/** The limits that the protocol sets for one file. https://www.sitemaps.org/protocol.html */
const maxEntries = 50_000;
const maxUnpackedBytes = 50 * 1024 * 1024;
const sliceCharacters = 256 * 1024;
const unpack = promisify(gunzip);

/**
 * A sitemap, an index of sitemaps or a plain list of addresses, gzipped or not. What is no web address is left out, and
 * entities of a document's own are never expanded.
 * @throws AppError upstream when it cannot be unpacked within 50 MB
 */
export async function parseSitemap(body: Buffer, url: string, signal: AbortSignal): Promise<Sitemap> {
  const isPacked = body[0] === 0x1f && body[1] === 0x8b;
  const bytes = isPacked ? await unpack(body, { maxOutputLength: maxUnpackedBytes }).catch(refuse) : body;
  const text = decodeText(bytes, undefined);
  return /^\s*</.test(text.slice(0, 1_000)) ? await parseXml(text, url, signal) : parseLines(text, url);
}

function refuse(cause: unknown): never {
  throw new AppError("upstream", "A sitemap of the site cannot be unpacked.", { retryable: false, cause });
}

function parseLines(text: string, base: string): Sitemap {
  const lines = text.split("\n", maxEntries).filter((line) => /^https?:\/\//i.test(line.trim()));
  const pages = lines.map((line) => toEntry(line, "", base)).filter((entry) => entry !== undefined);
  return { pages, sitemaps: [] };
}

async function parseXml(text: string, base: string, signal: AbortSignal): Promise<Sitemap> {
  const found: Sitemap = { pages: [], sitemaps: [] };
  const open: string[] = [];
  let fields = { loc: "", lastmod: "" };
  const parser = new Parser(
    {
      onopentagname(name) {
        open.push(localName(name));
        if (open.at(-1) === "url" || open.at(-1) === "sitemap") fields = { loc: "", lastmod: "" };
      },
      ontext(part) {
        const [parent, field] = open.slice(-2);
        if (parent !== "url" && parent !== "sitemap") return;
        if ((field === "loc" || field === "lastmod") && fields[field].length < 5_000) fields[field] += part;
      },
      onclosetag() {
        const name = open.pop();
        if (name !== "url" && name !== "sitemap") return;
        const entry = toEntry(fields.loc, fields.lastmod, base);
        if (!entry || found.pages.length + found.sitemaps.length >= maxEntries) return;
        if (name === "url") found.pages.push(entry);
        else found.sitemaps.push(entry.url);
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  for (let start = 0; start < text.length; start += sliceCharacters) {
    parser.write(text.slice(start, start + sliceCharacters));
    // A large file must not hold up everybody else.
    await setImmediate(undefined, { signal });
  }
  parser.end();
  return found;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1).toLowerCase();
}

function toEntry(address: string, modified: string, base: string): SitemapEntry | undefined {
  const url = URL.parse(address.trim(), base);
  if (address.trim() === "" || !url || !/^https?:$/.test(url.protocol) || url.username !== "") return undefined;
  if (url.href.length > 4_096) return undefined;
  url.hash = "";
  const lastModified = Date.parse(modified.trim());
  return { url: url.href, lastModified: Number.isNaN(lastModified) ? null : lastModified };
}
