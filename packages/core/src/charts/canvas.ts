import type { Picture } from "./encode-png.ts";
import { glyphHeight, glyphRows, glyphWidth } from "./glyphs.ts";

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Rectangles and letters on a grid of palette indexes. What lies outside is left out. */
export class Canvas implements Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height);
  }

  fill({ x, y, width, height }: Rectangle, colour: number): void {
    const left = Math.max(0, Math.round(x));
    const right = Math.min(this.width, Math.round(x + width));
    const bottom = Math.min(this.height, Math.round(y + height));
    if (left >= right) return;
    for (let row = Math.max(0, Math.round(y)); row < bottom; row += 1) {
      this.pixels.fill(colour, row * this.width + left, row * this.width + right);
    }
  }

  /** `x` is the left edge, or the right one for `align` right. */
  write(text: string, place: { x: number; y: number; scale: number; align?: "left" | "right" }, colour: number): void {
    const { y, scale, align = "left" } = place;
    let x = align === "left" ? place.x : place.x - widthOf(text, scale);
    for (const letter of text) {
      for (const [row, bits] of glyphRows(letter).entries()) {
        for (let column = 0; column < glyphWidth; column += 1) {
          const isSet = (bits >> (glyphWidth - 1 - column)) & 1;
          if (isSet) this.fill({ x: x + column * scale, y: y + row * scale, width: scale, height: scale }, colour);
        }
      }
      x += (glyphWidth + 1) * scale;
    }
  }
}

export function widthOf(text: string, scale: number): number {
  return text.length * (glyphWidth + 1) * scale;
}

export function heightOf(scale: number): number {
  return glyphHeight * scale;
}
