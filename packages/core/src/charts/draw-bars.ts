import { Canvas, heightOf, widthOf } from "./canvas.ts";
import { type Colour, encodePng } from "./encode-png.ts";
import { niceTicks } from "./nice-ticks.ts";

export interface BarChart {
  /** What is measured, over what, and its unit. */
  title: string;
  /** Which stretch of time, what it comes to. */
  subtitle?: string;
  /** In order, none below zero. */
  bars: readonly Bar[];
  /** What bars of the second colour are; shown where there is one. */
  markedMeans?: string;
}

export interface Bar {
  label: string;
  value: number;
  isMarked?: boolean;
}

const [paper, ink, line, fill, mark] = [0, 1, 2, 3, 4];
// Ink and bars keep a contrast of more than 4.5 to the paper; it is opaque, so a dark client changes nothing.
const palette: readonly Colour[] = [
  [255, 255, 255],
  [51, 51, 51],
  [217, 217, 217],
  [31, 95, 160],
  [196, 78, 22],
];
const width = 880;
const height = 380;
const scale = 2;
const margin = { top: 84, right: 16, bottom: 36 };
const gap = 8;
const lineHeight = heightOf(scale) + gap;

/** A bar chart as PNG: title, grid with numbers, the largest value, as many labels below as have room. */
export function drawBars(chart: BarChart): Buffer {
  const { bars } = chart;
  const canvas = new Canvas(width, height);
  canvas.fill({ x: 0, y: 0, width, height }, paper);
  writeHead(canvas, chart);
  const largest = Math.max(0, ...bars.map(({ value }) => value));
  const ticks = niceTicks(largest);
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
  const peak = bars.findIndex(({ value }) => value > 0 && value === largest);
  for (const [index, { label, value, isMarked = false }] of bars.entries()) {
    const x = area.left + index * step;
    const tall = heightFor(value);
    // A pixel of distance between neighbours, also where they are thin.
    const column = { x: x + 1, y: area.bottom - tall, width: Math.max(1, step * 0.8 - 1), height: tall };
    canvas.fill(column, isMarked ? mark : fill);
    const middle = column.x + column.width / 2;
    if (index % every === 0) writeAround(canvas, label, { middle, y: area.bottom + 1.5 * gap });
    if (index === peak) writeAround(canvas, shorten(value), { middle, y: column.y - lineHeight + gap / 2 });
  }
  canvas.fill({ x: area.left, y: area.bottom, width: area.width, height: 2 }, ink);
  return encodePng(canvas, palette);
}

function writeHead(canvas: Canvas, { title, subtitle = "", bars, markedMeans }: BarChart): void {
  canvas.write(title, { x: gap, y: gap, scale }, ink);
  canvas.write(subtitle, { x: gap, y: gap + lineHeight, scale }, ink);
  if (markedMeans === undefined || !bars.some(({ isMarked }) => isMarked)) return;
  const side = heightOf(scale);
  const right = width - margin.right;
  canvas.write(markedMeans, { x: right, y: gap, scale, align: "right" }, ink);
  canvas.fill({ x: right - widthOf(markedMeans, scale) - gap - side, y: gap, width: side, height: side }, mark);
}

/** Around the middle, but within the picture. */
function writeAround(canvas: Canvas, text: string, { middle, y }: { middle: number; y: number }): void {
  const long = widthOf(text, scale);
  const x = Math.min(Math.max(gap, middle - long / 2), width - long);
  canvas.write(text, { x: Math.round(x), y: Math.round(y), scale }, ink);
}

/** Three digits, without a power of ten. */
function shorten(value: number): string {
  const digits = 2 - Math.floor(Math.log10(value));
  return value.toFixed(Math.min(8, Math.max(0, digits)));
}
