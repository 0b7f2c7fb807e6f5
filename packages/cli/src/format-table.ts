import { toPlainLine } from "./terminal.ts";

const gap = "  ";

/** Columns side by side where they fit into the width, else one block of `header: value` lines for each row. */
export function formatTable(headers: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const cells = rows.map((row) => row.map(toPlainLine));
  const widths = headers.map((header, index) =>
    Math.max(header.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const total = widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
  if (total <= columns) return [headers, ...cells].map((row) => formatRow(row, widths)).join("\n");
  return cells.map((row) => formatBlock(headers, row)).join("\n\n");
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(gap)
    .trimEnd();
}

function formatBlock(headers: readonly string[], row: readonly string[]): string {
  const width = Math.max(...headers.map((header) => header.length));
  return headers.map((header, index) => `${header.padEnd(width)}  ${row[index] ?? ""}`.trimEnd()).join("\n");
}
