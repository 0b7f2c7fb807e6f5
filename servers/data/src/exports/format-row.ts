export type ExportFormat = "jsonl" | "csv";

/** A document as it leaves. */
export interface ExportedRow {
  documentId: string;
  version: number;
  url: string;
  finalUrl: string;
  site: string;
  title: string | null;
  author: string | null;
  /** ISO 8601. */
  publishedAt: string | null;
  fetchedAt: string;
  checkedAt: string;
  language: string | null;
  kind: string;
  source: string;
  markdown: string;
}

const columns = [
  "documentId",
  "version",
  "url",
  "finalUrl",
  "site",
  "title",
  "author",
  "publishedAt",
  "fetchedAt",
  "checkedAt",
  "language",
  "kind",
  "source",
  "markdown",
] as const satisfies readonly (keyof ExportedRow)[];

export const csvHead = `${columns.join(",")}\r\n`;

/** One line of the file, its end included. */
export function formatRow(row: ExportedRow, format: ExportFormat): string {
  if (format === "jsonl") return `${JSON.stringify(row)}\n`;
  return `${columns.map((column) => formatCell(row[column])).join(",")}\r\n`;
}

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe: pages are written by others. */
function formatCell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
