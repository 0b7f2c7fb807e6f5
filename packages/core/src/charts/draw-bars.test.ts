import { crc32, inflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { drawBars } from "./draw-bars.ts";
import { glyphRows } from "./glyphs.ts";
import { niceTicks } from "./nice-ticks.ts";

interface Chunk {
  type: string;
  data: Buffer;
  isIntact: boolean;
}

function readChunks(png: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    const isIntact = crc32(body) === png.readUInt32BE(at + 8 + length);
    chunks.push({ type: body.toString("latin1", 0, 4), data: body.subarray(4), isIntact });
    at += 12 + length;
  }
  return chunks;
}

/** Height of the bars' colour in each column, in pixels. */
function barHeights(png: Buffer, colour = 3): number[] {
  const rows = inflateSync(readChunks(png)[2]?.data ?? Buffer.alloc(0));
  const counts = Array.from({ length: 880 }, () => 0);
  for (const [index, value] of rows.entries()) {
    const column = (index % 881) - 1;
    if (column >= 0 && value === colour) counts[column] = (counts[column] ?? 0) + 1;
  }
  return counts;
}

test("is a whole PNG", () => {
  const png = drawBars({ title: "COST, USD", bars: [{ label: "11-01", value: 3 }] });
  const chunks = readChunks(png);
  expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  expect(chunks.map(({ type, isIntact }) => [type, isIntact])).toEqual([
    ["IHDR", true],
    ["PLTE", true],
    ["IDAT", true],
    ["IEND", true],
  ]);
  expect([chunks[0]?.data.readUInt32BE(0), chunks[0]?.data.readUInt32BE(4)]).toEqual([880, 380]);
  expect(inflateSync(chunks[2]?.data ?? Buffer.alloc(0))).toHaveLength(881 * 380);
});

test("bars are as high as their values, side by side", () => {
  const values = [1, 2, 4, 0, 3];
  const heights = barHeights(drawBars({ title: "T", bars: values.map((value) => ({ label: "D", value })) }));
  const runs = heights
    .join(",")
    .split(/(?:^|,)0(?:,0)*(?:,|$)/)
    .filter(Boolean)
    .map((run) => Number(run.split(",")[0]));
  expect(runs).toHaveLength(4);
  for (const [index, value] of [1, 2, 4, 3].entries()) {
    expect((runs[index] ?? 0) / (runs[2] ?? 1)).toBeCloseTo(value / 4, 1);
  }
});

test("marked bars have a colour of their own, which is named once there is one", () => {
  const bars = [1, 2, 3].map((value) => ({ label: "D", value }));
  const usual = { title: "T", subtitle: "S", markedMeans: "unusual" };
  expect(barHeights(drawBars({ ...usual, bars }), 4).some((height) => height > 0)).toBe(false);
  const marked = drawBars({ ...usual, bars: bars.map((bar) => ({ ...bar, isMarked: bar.value === 2 })) });
  const columns = (colour: number) => barHeights(marked, colour).filter((height) => height > 20).length;
  expect(columns(4)).toBeCloseTo(columns(3) / 2, -1);
  // The sample beside the name.
  expect(barHeights(marked, 4).filter((height) => height === 14)).toHaveLength(14);
});

test("every letter, digit and sign of a title has a shape of its own", () => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:-/%()+".split("");
  const shapes = letters.map((letter) => glyphRows(letter).join(" "));
  expect(new Set(shapes).size).toBe(shapes.length);
  expect(shapes).not.toContain(glyphRows("é").join(" "));
});

test("draws a year, nothing at all, and unknown letters", () => {
  const year = Array.from({ length: 365 }, (_value, day) => ({ label: `D${day}`, value: day }));
  expect(barHeights(drawBars({ title: "é", bars: year })).filter((height) => height > 0).length).toBeGreaterThan(300);
  expect(barHeights(drawBars({ title: "", bars: [] })).every((height) => height === 0)).toBe(true);
});

test("ticks are round, rise evenly, and just reach the largest", () => {
  expect(niceTicks(7.3).map(({ text }) => text)).toEqual(["0", "2", "4", "6", "8"]);
  expect(niceTicks(0.0042).map(({ text }) => text)).toEqual(["0.000", "0.001", "0.002", "0.003", "0.004", "0.005"]);
  expect(niceTicks(0).map(({ text }) => text)).toEqual(["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (largest) => {
      const ticks = niceTicks(largest);
      const top = ticks.at(-1)?.value ?? 0;
      const step = ticks[1]?.value ?? 0;
      return (
        ticks.length <= 6 &&
        top >= largest * (1 - 1e-9) &&
        top - step < largest &&
        new Set(ticks.map(({ text }) => text)).size === ticks.length
      );
    }),
  );
});
