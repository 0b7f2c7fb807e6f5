import { Parser } from "htmlparser2";
import { isHidingStyle } from "./hiding-style.ts";

const rawNames = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "iframe",
  "object",
  "textarea",
  "select",
  "title",
]);
const voidNames = new Set("area base br col embed hr img input link meta param source track wbr".split(" "));
const blockNames = /^(?:p|div|li|h[1-6]|tr|br|section|article|blockquote|pre|dd|dt|td|th|figcaption|table|ul|ol)$/;
const tagStart = /<(\/?)([a-z][^\s/>]{0,60})/iy;

/**
 * Visible words of a page too large or too deep to become a tree, one block a line, at most `maxCharacters`. One pass
 * over the text without a stack, because a parser's stack is what such pages are made to break.
 */
export function streamText(html: string, maxCharacters: number): string {
  const parts: string[] = [];
  let length = 0;
  let at = 0;
  let hiddenIn: { name: string; depth: number } | undefined;
  while (at < html.length && length < maxCharacters) {
    const open = html.indexOf("<", at);
    const end = open === -1 ? html.length : open;
    if (!hiddenIn && end > at) {
      const text = decodeEntities(html.slice(at, end));
      parts.push(text);
      length += text.length;
    }
    if (open === -1) break;
    const tag = readTag(html, open);
    at = tag.end;
    if (tag.name === "") {
      if (tag.end === open + 1 && !hiddenIn) parts.push("<");
      continue;
    }
    if (hiddenIn) {
      if (tag.name === hiddenIn.name && !voidNames.has(tag.name)) hiddenIn.depth += tag.closes ? -1 : 1;
      if (hiddenIn.depth === 0) hiddenIn = undefined;
    } else if (blockNames.test(tag.name)) {
      parts.push("\n");
    }
    if (tag.closes || hiddenIn || voidNames.has(tag.name)) continue;
    if (rawNames.has(tag.name)) at = findRawEnd(html, tag.name, at);
    else if (isHiddenTag(html.slice(open, Math.min(tag.end, open + 4_000)))) hiddenIn = { name: tag.name, depth: 1 };
  }
  return parts
    .join("")
    .replace(/[^\S\n]+/gu, " ")
    .replace(/ ?\n\s*/gu, "\n\n")
    .trim()
    .slice(0, maxCharacters);
}

/** The same page without scripts and style sheets that describe no data: they are often most of its bytes. */
export function withoutScripts(html: string): string {
  const parts: string[] = [];
  let at = 0;
  for (const match of html.matchAll(/<(script|svg)\b[^>]{0,2000}>/gi)) {
    if (match.index < at || /ld\+json/i.test(match[0])) continue;
    parts.push(html.slice(at, match.index));
    at = findRawEnd(html, match[1]?.toLowerCase() ?? "script", match.index + match[0].length);
  }
  parts.push(html.slice(at));
  return parts.join("");
}

interface Tag {
  /** Empty for comments, declarations and a lone "<". */
  name: string;
  closes: boolean;
  end: number;
}

function readTag(html: string, open: number): Tag {
  tagStart.lastIndex = open;
  const match = tagStart.exec(html);
  if (match) {
    return {
      name: (match[2] ?? "").toLowerCase(),
      closes: match[1] === "/",
      end: findTagEnd(html, tagStart.lastIndex),
    };
  }
  if (html.startsWith("<!--", open)) {
    const end = html.indexOf("-->", open + 4);
    return { name: "", closes: false, end: end === -1 ? html.length : end + 3 };
  }
  const isDeclaration = html[open + 1] === "!" || html[open + 1] === "?" || html[open + 1] === "/";
  const end = isDeclaration ? html.indexOf(">", open) : open;
  return { name: "", closes: false, end: end === -1 ? html.length : end + 1 };
}

/** Behind the ">" that is in no quotes; quotes left open for 20,000 characters are no quotes. */
function findTagEnd(html: string, from: number): number {
  let quote = "";
  const limit = Math.min(html.length, from + 20_000);
  for (let index = from; index < limit; index += 1) {
    const character = html[index] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (character === ">") {
      return index + 1;
    }
  }
  const end = html.indexOf(">", from);
  return end === -1 ? html.length : end + 1;
}

function findRawEnd(html: string, name: string, from: number): number {
  const closing = new RegExp(`</${name}[^>]{0,200}>`, "gi");
  closing.lastIndex = from;
  return closing.exec(html) ? closing.lastIndex : html.length;
}

function isHiddenTag(tag: string): boolean {
  if (/\shidden(?:[\s=>/]|$)/i.test(tag) || /\saria-hidden\s*=\s*["']?true/i.test(tag)) return true;
  const style = /\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag);
  return style !== null && isHidingStyle(style[1] ?? style[2] ?? "");
}

function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  let decoded = "";
  new Parser({ ontext: (part) => (decoded += part) }, { decodeEntities: true }).end(text);
  return decoded;
}
