import { Canvas, heightOf, widthOf } from "./canvas.ts";
import { type Colour, encodePng } from "./encode-png.ts";
import { niceTicks } from "./nice-ticks.ts";

export interface BarChart {
  title: string;
  /** In order, none below zero. */
  bars: readonly { label: string; value: number }[];
}

const [paper, ink, line, fill] = [0, 1, 2, 3];
// Ink and bars keep a contrast of more than 4.5 to the paper.
const palette: readonly Colour[] = [
  [255, 255, 255],
  [51, 51, 51],
  [217, 217, 217],
  [31, 95, 160],
];
const width = 880;
const height = 340;
const scale = 2;
const margin = { top: 44, right: 16, bottom: 36 };
const gap = 8;

/** A bar chart as PNG: title, grid with numbers, as many labels below as have room. */
export function drawBars({ title, bars }: BarChart): Buffer {
  const canvas = new Canvas(width, height);
  canvas.fill({ x: 0, y: 0, width, height }, paper);
  canvas.write(title, { x: gap, y: gap, scale }, ink);
  const ticks = niceTicks(Math.max(0, ...bars.map(({ value }) => value)));
  const left = Math.max(...ticks.map(({ text }) => widthOf(text, scale))) + 2 * gap;
  const area = { left, bottom: height - margin.bottom, width: width - left - margin.right };
  const top = ticks.at(-1)?.value ?? 1;
  const heightFor = (value: number): number => (value / top) * (area.bottom - margin.top);
  for (const { value, text } of ticks) {
    const y = area.bottom - heightFor(value);
    canvas.fill({ x: area.left, y, width: area.width, height: 1 }, line);
    canvas.write(text, { x: area.left - gap, y: y - heightOf(scale) / 2, scale, align: "right" }, ink);
  }
  const step = area.width / Math.max(1, bars.length);
  const every = Math.ceil((Math.max(0, ...bars.map(({ label }) => widthOf(label, scale))) + gap) / step);
  for (const [index, { label, value }] of bars.entries()) {
    const x = area.left + index * step;
    const tall = heightFor(value);
    // A pixel of distance between neighbours, also where they are thin.
    canvas.fill({ x: x + 1, y: area.bottom - tall, width: Math.max(1, step * 0.8 - 1), height: tall }, fill);
    if (index % every === 0) canvas.write(label, { x, y: area.bottom + gap, scale }, ink);
  }
  canvas.fill({ x: area.left, y: area.bottom, width: area.width, height: 2 }, ink);
  return encodePng(canvas, palette);
}
