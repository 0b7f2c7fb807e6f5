import type { Writable } from "node:stream";
import type { Scrubber } from "./scrub.ts";

/** Where finished log lines go. `write` never blocks and never throws. */
export interface LogDestination {
  write(line: string): void;
  /** Lines given up because nobody read them, or because the stream failed. */
  dropped(): number;
  /** Resolves when what was accepted has left the process, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Characters JSON leaves alone though a terminal or an editor acts on them: DEL, C1 controls, bidi, invisible, BOM. */
const activeCharacters = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const everyActiveCharacter = new RegExp(activeCharacters, "g");

const failuresOf = new WeakMap<Writable, { count: number }>();

/** One listener for each stream, however many loggers write to it. */
function countFailures(stream: Writable): { readonly count: number } {
  const known = failuresOf.get(stream);
  if (known) return known;
  const failures = { count: 0 };
  stream.on("error", () => (failures.count += 1));
  failuresOf.set(stream, failures);
  return failures;
}

/**
 * Masks secrets, makes control characters inert, and gives lines up beyond `maximumQueuedBytes` (1 MiB) instead of
 * waiting: on a pipe that is never read, Node queues what it cannot write. The next accepted line tells how many were lost.
 */
export function createLogDestination(options: {
  scrubber: Scrubber;
  stream?: Writable;
  maximumQueuedBytes?: number;
  maximumLineLength?: number;
}): LogDestination {
  const stream = options.stream ?? process.stderr;
  const maximumQueuedBytes = options.maximumQueuedBytes ?? 1_048_576;
  const maximumLineLength = options.maximumLineLength ?? 65_536;
  let dropped = 0;
  let untold = 0;

  const failures = countFailures(stream);
  let seenFailures = failures.count;

  function noteFailures(): void {
    dropped += failures.count - seenFailures;
    untold += failures.count - seenFailures;
    seenFailures = failures.count;
  }

  function write(line: string): void {
    noteFailures();
    if (!stream.writable || stream.writableLength + line.length > maximumQueuedBytes) {
      dropped += 1;
      untold += 1;
      return;
    }
    if (untold > 0) {
      const lost = untold;
      untold = 0;
      stream.write(
        `${JSON.stringify({ level: "warn", time: new Date().toISOString(), lost, msg: "log lines lost" })}\n`,
      );
    }
    stream.write(formatLine(line, options.scrubber, maximumLineLength));
  }

  function flush(timeoutMs: number): Promise<void> {
    if (stream.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      // Called once everything before it has left.
      stream.write("", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  return {
    write,
    flush,
    dropped() {
      noteFailures();
      return dropped;
    },
  };
}

function formatLine(line: string, scrubber: Scrubber, maximumLength: number): string {
  const scrubbed = scrubber.scrub(line);
  if (scrubbed.length > maximumLength) return cutLine(scrubbed, maximumLength);
  const inert = activeCharacters.test(scrubbed) ? scrubbed.replace(everyActiveCharacter, escapeCharacter) : scrubbed;
  // A mask that ended inside an escape would break the record; that is rare, so only changed lines are checked.
  return inert === line || isJson(inert) ? inert : cutLine(inert, maximumLength);
}

/** One valid record that quotes the start of a line that cannot be written as it is. */
function cutLine(line: string, maximumLength: number): string {
  const start = line.slice(0, Math.floor(maximumLength / 4)).replace(everyActiveCharacter, escapeCharacter);
  const record = { level: "warn", time: new Date().toISOString(), cutFrom: line.length, msg: start };
  return `${JSON.stringify(record)}\n`;
}

function escapeCharacter(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
