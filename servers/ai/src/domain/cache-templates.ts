import { hash } from "node:crypto";

/** Tells the fixed frame of a caller's requests from what changes. */
export interface TemplateBook {
  /** `frame`: what else the requests have in common, scope and system prompt. Learns from each text it is given. */
  split(frame: string, said: string): { text: string; template: string };
}

/** So many different requests must have begun or ended with the same lines. */
const neededRequests = 5;
/** A short line may recur by chance. */
const shortestLine = 12;
const maxFrames = 500;
const maxLines = 200;
const maxSeen = 64;

/** Requests that began (or ended) with these lines; the hashes of a few tell that they differ. */
type Lines = Map<string, Set<string>>;

/**
 * Whole lines only, from the beginning and from the end, and only where five different requests of one frame shared
 * them: what is cut off goes into the partition, so that a wrong cut costs hits and never mixes answers.
 */
export function createTemplateBook(): TemplateBook {
  const frames = new Map<string, { heads: Lines; tails: Lines }>();

  function open(frame: string) {
    const book = frames.get(frame) ?? { heads: new Map(), tails: new Map() };
    frames.delete(frame);
    frames.set(frame, book);
    const oldest = frames.keys().next();
    if (frames.size > maxFrames && !oldest.done) frames.delete(oldest.value);
    return book;
  }

  return {
    split(frame, said) {
      const lines = said.split("\n");
      const book = open(frame);
      const id = hash("sha256", said).slice(0, 16);
      const head = countShared(book.heads, lines, id);
      const tail = countShared(book.tails, lines.toReversed(), id);
      const end = lines.length - tail;
      const text = lines.slice(head, end).join("\n").trim();
      // All of it is frame: then the frame is the question.
      if (head >= end || text === "" || head + tail === 0) return { text: said.trim(), template: "" };
      return { text, template: JSON.stringify([lines.slice(0, head), lines.slice(end)]) };
    },
  };
}

/** Lines in a row, from the first, that enough others share. */
function countShared(book: Lines, lines: readonly string[], id: string): number {
  let key = "";
  let shared = 0;
  let long = false;
  for (const [index, line] of lines.slice(0, 8).entries()) {
    key = hash("sha256", `${key}\n${line}`).slice(0, 24);
    const seen = book.get(key) ?? new Set<string>();
    book.delete(key);
    book.set(key, seen);
    if (seen.size < maxSeen) seen.add(id);
    const oldest = book.keys().next();
    if (book.size > maxLines && !oldest.done) book.delete(oldest.value);
    if (seen.size < neededRequests) break;
    long ||= line.trim().length >= shortestLine;
    if (long) shared = index + 1;
  }
  return shared;
}
