import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { drawReport } from "./draw-report.ts";

const day = (date: number, costUsd = 1) => ({ time: `2026-11-0${date}T00:00Z`, costUsd });
const report = { since: "2026-11-01T00:00Z", until: "2026-11-04T00:00Z", total: { costUsd: 3 } };

/** How many pixels have each colour of the palette. */
function countColours(png: Buffer | undefined): number[] {
  const counts = [0, 0, 0, 0, 0];
  const at = png?.indexOf("IDAT") ?? 0;
  const rows = inflateSync(png?.subarray(at + 4, at + 4 + (png?.readUInt32BE(at - 4) ?? 0)) ?? Buffer.alloc(0));
  for (const [index, colour] of rows.entries()) {
    if (index % 881 > 0) counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return counts;
}

test("draws no picture of nothing", () => {
  expect(drawReport({ ...report, series: [day(1)] })).toBeUndefined();
  expect(drawReport({ ...report, series: [day(1, 0), day(2, 0)], total: { costUsd: 0 } })).toBeUndefined();
  expect(drawReport(report)).toBeUndefined();
});

test("an unusual day has another colour, where a bar is a day", () => {
  const series = [day(1), day(2), day(3)];
  const marked = countColours(drawReport({ ...report, series, unusual: [{ day: "2026-11-02" }] }));
  expect((marked[4] ?? 0) / (marked[3] ?? 1)).toBeCloseTo(0.5, 1);
  const hours = series.map(({ costUsd }, hour) => ({ time: `2026-11-02T0${hour}:00Z`, costUsd }));
  expect(countColours(drawReport({ ...report, series: hours, unusual: [{ day: "2026-11-02" }] }))[4]).toBe(0);
});
