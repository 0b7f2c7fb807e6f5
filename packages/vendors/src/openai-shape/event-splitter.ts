import { StringDecoder } from "node:string_decoder";
import type { AppError } from "@sophia/core/errors/app-error";
import type { DirectRelay } from "@sophia/core/http/direct-calls";
import type { DirectSink } from "@sophia/core/http/direct-exchange";
import { badReply } from "@sophia/core/http/failures";
import { fromErrorBody } from "./provider-errors.ts";
import type { ProviderProfile } from "./provider-profile.ts";

/** What is read of one chunk of a streamed completion; everything else in it is passed on unread. */
export interface EventChunk {
  id?: string | null;
  model?: string | null;
  created?: number | null;
  choices: {
    index?: number | null;
    delta?: ({ content?: string | null } & Record<string, unknown>) | null;
    finish_reason?: string | null;
  }[];
  usage?: unknown;
}

/** One event: as it was written (one line of JSON), and read. */
export interface StreamEvent {
  data: string;
  chunk: EventChunk;
}

export interface EventSink {
  /** The events that came together. `raw` are the very bytes, when they hold these events and nothing else. */
  events(events: readonly StreamEvent[], raw: Buffer | undefined): boolean;
  /** The answer is whole. */
  end(): void;
  fail(error: unknown): void;
}

interface EventSplitterOptions {
  service: string;
  explain: ProviderProfile["explain"];
  sink: EventSink;
  /** Told when what still comes does not matter. */
  source: Pick<DirectRelay, "finish" | "cancel">;
}

const maxEventCharacters = 2 * 1024 * 1024;
/** `data: ` before an event and two line breaks after it. */
const usualFraming = 8;
const usualDoneLength = "data: [DONE]\n\n".length;

interface TakenEvents {
  events: StreamEvent[];
  length: number;
  doneLength: number;
  fault: { error: unknown } | undefined;
}

/**
 * Server-sent events, chunk by chunk. A stream is whole after `[DONE]` or a finish reason; one that just stops has been
 * cut. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventSplitter implements DirectSink {
  readonly #options: EventSplitterOptions;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  /** An event with a finish reason has come. */
  #finished = false;
  /** Nothing that comes from now on is read. */
  #over = false;
  /** The sink has heard the end. */
  #told = false;

  constructor(options: EventSplitterOptions) {
    this.#options = options;
  }

  data(bytes: Buffer): boolean {
    if (this.#over) return true;
    const hadRest = this.#rest.length > 0;
    const text = this.#decoder.write(bytes);
    // A line break of two characters may come in two parts; lone CRs are in nobody's stream.
    this.#rest += text.includes("\r") ? text.replaceAll("\r", "") : text;
    const { events, length, doneLength, fault } = this.#takeEvents();
    const isExact = !hadRest && this.#rest === "" && !fault && text.length === length + doneLength;
    const raw = isExact ? bytes.subarray(0, bytes.length - doneLength) : undefined;
    try {
      // What came before a fault has been said and paid for.
      const wantsMore = events.length === 0 || this.#options.sink.events(events, raw);
      if (fault) throw fault.error;
      if (!this.#over) return wantsMore;
      this.#finish();
      this.#options.source.finish();
      return wantsMore;
    } catch (error) {
      this.fail(error);
      this.#options.source.cancel(error);
      return true;
    }
  }

  end(): void {
    if (this.#over) return;
    if (this.#finished) this.#finish();
    else this.fail(badReply(this.#options.service, "the stream ended in the middle of the answer"));
  }

  fail(error: unknown): void {
    this.#over = true;
    if (this.#told) return;
    this.#told = true;
    this.#options.sink.fail(error);
  }

  #finish(): void {
    this.#over = true;
    if (this.#told) return;
    this.#told = true;
    this.#options.sink.end();
  }

  /** The whole events so far, up to a fault. Lengths are those of their text and of `[DONE]`, as they are usually written. */
  #takeEvents(): TakenEvents {
    const events: StreamEvent[] = [];
    let from = 0;
    let length = 0;
    let doneLength = 0;
    try {
      for (let end = this.#rest.indexOf("\n\n"); end >= 0; end = this.#rest.indexOf("\n\n", from)) {
        const data = readData(this.#rest.slice(from, end));
        from = end + 2;
        if (data === undefined) continue;
        if (data === "[DONE]") {
          this.#over = true;
          doneLength = usualDoneLength;
          break;
        }
        events.push(this.#parse(data));
        length += data.length + usualFraming;
      }
      this.#rest = this.#rest.slice(from);
      if (this.#rest.length <= maxEventCharacters) return { events, length, doneLength, fault: undefined };
      throw badReply(this.#options.service, "one event of the stream is too large");
    } catch (error) {
      this.#over = true;
      return { events, length, doneLength, fault: { error } };
    }
  }

  #parse(data: string): StreamEvent {
    const { service, explain } = this.#options;
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch (cause) {
      throw badReply(service, "an event of the stream is not sound JSON", { cause });
    }
    const error = findError(service, value, explain);
    if (error) throw error;
    if (!isChunk(value)) throw badReply(service, "an event of the stream is not a chunk");
    this.#finished ||= value.choices.some(({ finish_reason: reason }) => typeof reason === "string");
    return { data: data.includes("\n") ? JSON.stringify(value) : data, chunk: value };
  }
}

/** The `data` of one event: fields of several lines are joined, comments and other fields left out. */
function readData(block: string): string | undefined {
  if (block.startsWith("data: ") && !block.includes("\n")) return block.slice(6);
  const lines = block
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(line[5] === " " ? 6 : 5));
  return lines.length === 0 ? undefined : lines.join("\n");
}

function findError(service: string, value: unknown, explain: ProviderProfile["explain"]): AppError | undefined {
  const hasError = typeof value === "object" && value !== null && "error" in value && value.error !== null;
  return hasError ? fromErrorBody(service, value, explain) : undefined;
}

function isChunk(value: unknown): value is EventChunk {
  if (typeof value !== "object" || value === null || !("choices" in value) || !Array.isArray(value.choices))
    return false;
  return value.choices.every((choice: unknown) => {
    if (typeof choice !== "object" || choice === null) return false;
    const { delta, finish_reason: reason } = choice as { delta?: unknown; finish_reason?: unknown };
    if (reason !== undefined && reason !== null && typeof reason !== "string") return false;
    if (delta === undefined || delta === null) return true;
    if (typeof delta !== "object") return false;
    const { content } = delta as { content?: unknown };
    return content === undefined || content === null || typeof content === "string";
  });
}
