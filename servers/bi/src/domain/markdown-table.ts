import type { Cell } from "./cell-values.ts";

/** Rows as a Markdown table. Cells cannot leave their place: no line breaks, bars, or control characters. */
export function toMarkdownTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.map(toMarkdownCell).join(" | ")} |`;
  return [line(headings), `|${" --- |".repeat(headings.length)}`, ...rows.map(line)].join("\n");
}

function toMarkdownCell(cell: Cell): string {
  if (cell === null) return "NULL";
  return String(cell)
    .replaceAll(/[\r\n\t\u2028\u2029]+/g, " ")
    .replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "")
    .replaceAll("|", "\\|");
}
