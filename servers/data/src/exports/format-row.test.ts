import { expect, test } from "vitest";
import { csvHead, type ExportedRow, formatRow } from "./format-row.ts";

const row: ExportedRow = {
  documentId: "d1",
  version: 1,
  url: "https://example.com/",
  finalUrl: "https://example.com/",
  site: "example.com",
  title: 'He said "no", twice',
  author: null,
  publishedAt: null,
  fetchedAt: "2026-11-27T00:00:00.000Z",
  checkedAt: "2026-11-27T00:00:00.000Z",
  language: "en",
  kind: "html",
  source: "direct",
  markdown: "one\ntwo",
};

test("a line of CSV has as many cells as its head, quoted where it must be", () => {
  const line = formatRow(row, "csv");
  expect(line).toContain('"He said ""no"", twice"');
  expect(line.endsWith('"one\ntwo"\r\n')).toBe(true);
  expect(csvHead.split(",")).toHaveLength(14);
  expect(JSON.parse(formatRow(row, "jsonl"))).toEqual(row);
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])("%j is no formula in a spreadsheet", (title) => {
  expect(formatRow({ ...row, title }, "csv")).toContain(`'${title}`);
});
