import type { PageElement } from "./dom.ts";

const pieceLength = 40;
const maxPieces = 24;
/** Shorter, it is a summary. */
const leastCharacters = 400;

/** An article's text as the page's linked data gives it, as pieces to look for. Silent text: it is never shown, it only points. */
export type StatedBody = readonly string[];

/** Evenly spaced pieces of a stated article, or null where it is too short to tell. */
export function toStatedBody(articleBody: string): StatedBody | null {
  const key = toKey(articleBody.slice(0, 200_000).replace(/<[^>]{0,2000}>/g, " "));
  if (key.length < leastCharacters) return null;
  const count = Math.min(maxPieces, Math.floor(key.length / pieceLength));
  const step = (key.length - pieceLength) / (count - 1);
  return Array.from({ length: count }, (_, index) => {
    const start = Math.round(index * step);
    return key.slice(start, start + pieceLength);
  });
}

/** Share of the pieces that an element's text holds, from 0 to 1. */
export function coverage(element: PageElement, stated: StatedBody): number {
  const text = toKey(element.textContent ?? "");
  return stated.filter((piece) => text.includes(piece)).length / stated.length;
}

/** The smallest element that shows nearly all the page shows of the stated text; null where the page shows little of it. */
export function findHolder(body: PageElement, stated: StatedBody): PageElement | null {
  const shown = coverage(body, stated);
  if (shown < 0.6) return null;
  let holder = body;
  for (let depth = 0; depth < 100; depth += 1) {
    const next = [...holder.children].find((child) => coverage(child, stated) >= shown * 0.9);
    if (!next) break;
    holder = next;
  }
  return holder;
}

function toKey(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}
