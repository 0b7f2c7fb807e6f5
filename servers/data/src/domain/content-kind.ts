import { AppError } from "@sophia/core/errors/app-error";

export type ContentKind = "html" | "text" | "markdown" | "json" | "xml";

const binarySignatures: readonly [name: string, bytes: readonly number[]][] = [
  ["a PDF file", [0x25, 0x50, 0x44, 0x46]],
  ["an archive or Office file", [0x50, 0x4b, 0x03, 0x04]],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
  ["a JPEG image", [0xff, 0xd8, 0xff]],
  ["a GIF image", [0x47, 0x49, 0x46, 0x38]],
  ["a gzip file", [0x1f, 0x8b]],
  ["an old Office file", [0xd0, 0xcf, 0x11, 0xe0]],
  ["a program", [0x7f, 0x45, 0x4c, 0x46]],
];

const maxStrayNuls = 4;

/**
 * How to read a body, from its media type, its address and its first bytes.
 * @throws AppError invalid_input for what is not text (PDF, images, archives)
 */
export function findContentKind(body: Uint8Array, contentType: string | undefined, url: string): ContentKind {
  const start = body.subarray(0, 2048);
  const isUtf16 = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
  const isNamedUtf16 = /charset\s*=\s*["']?utf-?16/i.test(contentType ?? "");
  const signature = binarySignatures.find(([, bytes]) => bytes.every((byte, index) => body[index] === byte));
  if (signature) throw refuse(signature[0]);
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (/^(?:image|audio|video|font)\//.test(type) && type !== "image/svg+xml") throw refuse("a media file");
  if (type === "application/pdf") throw refuse("a PDF file");
  // Whatever its media type says. One stray NUL is dropped by browsers too; a file full of them is no text.
  if (!isUtf16 && !isNamedUtf16 && countNuls(start) > maxStrayNuls) throw refuse("a binary file");
  if (type === "text/html" || type === "application/xhtml+xml") return "html";
  if (type === "application/json" || /[+/](?:json|x-ndjson|ndjson)$/.test(type)) return "json";
  if (type === "text/markdown" || type === "text/x-markdown") return "markdown";
  if (/(?:[+/])xml$/.test(type)) return "xml";
  if (!isUtf16 && !isNamedUtf16 && start.includes(0)) throw refuse("a binary file");
  return sniffText(start, type, url);
}

function countNuls(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
}

function sniffText(start: Uint8Array, type: string, url: string): ContentKind {
  const head = Buffer.from(start).toString("latin1").trimStart();
  const path = URL.parse(url)?.pathname.toLowerCase() ?? "";
  if (/\.(?:md|markdown)$/.test(path)) return "markdown";
  // text/plain is believed: a source file that begins with <html> is shown as text by browsers too.
  if (type.startsWith("text/")) return "text";
  if (/^(?:\uFEFF|ï»¿)?<\?xml|^<(?:rss|feed|rdf:RDF|urlset|sitemapindex)[\s>]/i.test(head)) {
    return /<html[\s>]/i.test(head) ? "html" : "xml";
  }
  if (/<(?:!doctype html|html|head|body|div|p|h1|title|table)[\s>]/i.test(head)) return "html";
  if (/^[[{]/.test(head) && /\.json$|^$/.test(path.match(/\.\w+$/)?.[0] ?? "")) return "json";
  return "text";
}

function refuse(what: string): AppError {
  return new AppError("invalid_input", `The address leads to ${what}, which cannot be read as text.`, {
    hint: "Give the address of a web page, a text, Markdown, JSON, XML or feed document.",
  });
}
