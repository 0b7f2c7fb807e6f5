import { hash } from "node:crypto";

/** Tells the fixed frame of a caller's requests from what changes. */
export interface TemplateBook {
  /** `frame`: what else the requests have in common, scope and system prompt. Learns from each text it is given. */
  split(frame: string, said: string): { text: string; template: string };
  /** Lines that are remembered now, of all frames together. */
  readonly size: number;
}

/** So many different requests must have begun or ended with the same lines. */
const neededRequests = 5;
/** A short line may recur by chance. */
const shortestLine = 12;
/** Of one end of one frame. */
const maxLines = 200;
/** A line with the requests that had it takes some 400 bytes. */
const defaultMostLines = 20_000;
/** Of a request's lines at each end. */
const longestTemplate = 8;

/** Requests that began (or ended) with these lines: hashes of the first few different ones. */
type Lines = Map<string, Set<string>>;

interface Frame {
  heads: Lines;
  tails: Lines;
}

/**
 * Whole lines only, from the beginning and from the end, and only where five different requests of one frame shared
 * them: what is cut off goes into the partition, so that a wrong cut costs hits and never mixes answers. In memory:
 * after a restart five requests teach it again, and what was kept under the template is found again. The frames used
 * least recently are forgotten, so that system prompts which differ each time fill nothing.
 */
export function createTemplateBook(options: { mostLines?: number } = {}): TemplateBook {
  const { mostLines = defaultMostLines } = options;
  const frames = new Map<string, Frame>();
  let size = 0;

  function open(name: string): Frame {
    const frame = frames.get(name) ?? { heads: new Map(), tails: new Map() };
    frames.delete(name);
    frames.set(name, frame);
    return frame;
  }

  function forgetOldest(): void {
    for (const [name, { heads, tails }] of frames) {
      if (size <= mostLines || frames.size === 1) return;
      frames.delete(name);
      size -= heads.size + tails.size;
    }
  }

  return {
    split(name, said) {
      const lines = said.split("\n");
      const frame = open(name);
      size -= frame.heads.size + frame.tails.size;
      const id = hash("sha256", said).slice(0, 16);
      const head = countShared(frame.heads, lines.slice(0, longestTemplate), id);
      const tail = countShared(frame.tails, lines.slice(-longestTemplate).toReversed(), id);
      size += frame.heads.size + frame.tails.size;
      forgetOldest();
      const end = lines.length - tail;
      const text = lines.slice(head, end).join("\n").trim();
      // All of it is frame: then the frame is the question.
      if (head >= end || text === "" || head + tail === 0) return { text: said.trim(), template: "" };
      return { text, template: JSON.stringify([lines.slice(0, head), lines.slice(end)]) };
    },
    get size() {
      return size;
    },
  };
}

/** Lines in a row, from the first, that enough others share. */
function countShared(book: Lines, lines: readonly string[], id: string): number {
  let key = "";
  let shared = 0;
  let long = false;
  for (const [index, line] of lines.entries()) {
    key = hash("sha256", `${key}\n${line}`).slice(0, 24);
    const seen = book.get(key) ?? new Set<string>();
    book.delete(key);
    book.set(key, seen);
    if (seen.size < neededRequests) seen.add(id);
    const oldest = book.keys().next();
    if (book.size > maxLines && !oldest.done) book.delete(oldest.value);
    if (seen.size < neededRequests) break;
    long ||= line.trim().length >= shortestLine;
    if (long) shared = index + 1;
  }
  return shared;
}
