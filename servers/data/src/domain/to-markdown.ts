import TurndownService from "turndown";
import { foldedText, isElement, type PageElement } from "./dom.ts";
import { removeInvisibleCharacters } from "./invisible-text.ts";

/**
 * Main content → Markdown. Headings, lists, tables and code are kept; links only to web and mail addresses; images not
 * at all, because an image link in a model's answer is a way to send data out.
 */
export function toMarkdown(root: PageElement, baseUrl: string): string {
  const service = new TurndownService({
    headingStyle: "atx",
    hr: "---",
    bulletListMarker: "-",
    codeBlockStyle: "fenced",
    emDelimiter: "_",
  });
  service.remove(["script", "style", "noscript"] as never);
  addRule(service, "image", "img, picture, source", () => "");
  addRule(service, "link", "a", (content, element) => formatLink(content, element.getAttribute("href"), baseUrl));
  addRule(service, "strike", "del, s, strike", (content) => (content.trim() === "" ? "" : `~~${content.trim()}~~`));
  addRule(service, "code-block", "pre", (_content, element) => formatCode(element));
  const numbers = new WeakMap<PageElement, number>();
  addRule(service, "entry", "li", (content, element) => formatEntry(content, element, numbers));
  addRule(service, "table", "table", (content, element) => formatTable(element) ?? `\n\n${content}\n\n`);
  addRule(service, "row", "tr, caption", (content) => `\n\n${content.trim()}\n\n`);
  addRule(service, "cell", "td, th", (content) => `${content.trim()} `);
  const markdown = service.turndown(root as never);
  return removeInvisibleCharacters(markdown)
    .replace(/[^\S\n]+$/gmu, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function addRule(
  service: TurndownService,
  name: string,
  tags: string,
  replacement: (content: string, element: PageElement) => string,
): void {
  service.addRule(name, {
    filter: tags.split(", ") as never,
    replacement: (content, node) => replacement(content, node as unknown as PageElement),
  });
}

function formatLink(content: string, href: string | null, baseUrl: string): string {
  const label = content.replace(/\s*\n\s*/g, " ").trim();
  if (label === "") return "";
  // In an address, an invisible character would come out as %E2%80%8B and still be read.
  const url = href ? URL.parse(removeInvisibleCharacters(href), baseUrl) : null;
  const isFragment = href?.trim().startsWith("#") ?? true;
  if (!url || isFragment || !/^(?:https?|mailto):$/.test(url.protocol) || url.href.length > 2000) return content;
  return `[${label}](${url.href.replace(/[()<>\s]/g, encodeURIComponentStrictly)})`;
}

function encodeURIComponentStrictly(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** "- one" instead of Turndown's "-   one": the three spaces are paid for with every entry. */
function formatEntry(content: string, element: PageElement, numbers: WeakMap<PageElement, number>): string {
  const list = element.parentNode;
  let mark = "- ";
  if (list?.nodeName === "OL") {
    // Entries come in order, so a counter does; looking for the place of each would be quadratic in long lists.
    const number = numbers.get(list) ?? (Number.parseInt(list.getAttribute("start") ?? "1", 10) || 1);
    numbers.set(list, number + 1);
    mark = `${number}. `;
  }
  const text = content.trim().replace(/\n/g, `\n${" ".repeat(mark.length)}`);
  return text === "" ? "" : `${mark}${text}${element.nextSibling ? "\n" : ""}`;
}

function formatCode(element: PageElement): string {
  const text = (element.textContent ?? "").replace(/^\n|\s+$/g, "");
  if (text === "") return "";
  const label = `${element.className} ${element.firstElementChild?.className ?? ""}`;
  const language = /(?:lang(?:uage)?|highlight-source|brush:)-?\s*([\w+#-]{1,20})/.exec(label)?.[1] ?? "";
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `\n\n${fence}${language}\n${text}\n${fence}\n\n`;
}

/** A data table → pipe table. Tables that only lay out a page (nested, one column, or with long cells) are read as text. */
function formatTable(table: PageElement): string | null {
  if (table.querySelector("table, ul, ol, pre, h1, h2, h3, h4")) return null;
  const rows = [...table.querySelectorAll("tr")]
    .slice(0, 2000)
    .map((row) => [...row.children].filter((cell) => isElement(cell) && /^T[DH]$/.test(cell.nodeName)).map(formatCell))
    .filter((cells) => cells.some((cell) => cell !== ""));
  const width = Math.max(0, ...rows.map((row) => row.length));
  if (width < 2 || rows.length < 2 || width > 60 || rows.some((row) => row.some((cell) => cell.length > 600)))
    return null;
  const lines = rows.map((row) => `| ${Array.from({ length: width }, (_, column) => row[column] ?? "").join(" | ")} |`);
  lines.splice(1, 0, `|${" --- |".repeat(width)}`);
  const caption = foldedText(table.querySelector("caption"));
  return `\n\n${caption === "" ? "" : `${caption}\n\n`}${lines.join("\n")}\n\n`;
}

function formatCell(cell: PageElement): string {
  return foldedText(cell).replace(/\|/g, String.raw`\|`);
}
