import { isUtf8 } from "node:buffer";
import { badReply } from "@sophia/core/http/failures";
import type { DirectRelay } from "@sophia/core/http/direct-calls";
import { parseJson } from "@sophia/core/http/json";
import { type EventSink, EventSplitter } from "./event-splitter.ts";
import { fromErrorBody } from "./provider-errors.ts";
import type { ProviderProfile } from "./provider-profile.ts";

/** A chat request: its members and, where they say exactly the same, the bytes it came as. */
export interface ChatBody {
  fields: Record<string, unknown>;
  encoded?: Buffer | undefined;
}

/** A whole completion as it came, and what it says. */
export interface BytesAnswer {
  bytes: Buffer;
  completion: Record<string, unknown>;
}

/** A streamed completion whose provider has accepted. */
export interface EventRelay {
  /** Once. Ends normally only when the answer is whole. */
  pipe(sink: EventSink): void;
  /** After the sink asked for a pause. */
  resume(): void;
}

/** The body of a completion; throws what stands in its place. */
export function readCompletion(service: string, bytes: Buffer, profile: ProviderProfile): Record<string, unknown> {
  if (!isUtf8(bytes)) throw badReply(service, "it is not valid text");
  let value: unknown;
  try {
    value = parseJson(bytes.toString("utf8"));
  } catch (cause) {
    const isHtml = /^\s*<(!doctype|html|\?xml)/i.test(bytes.toString("latin1", 0, 200));
    throw badReply(service, isHtml ? "it is a web page, not data" : "it is not sound JSON", { cause });
  }
  const object = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  const error = object?.["error"] ? fromErrorBody(service, object, profile.explain) : undefined;
  if (error) throw error;
  const choices = object?.["choices"];
  if (!object || !Array.isArray(choices) || choices.length === 0 || typeof choices[0] !== "object") {
    throw badReply(service, bytes.length === 0 ? "it is empty" : "it is not a completion");
  }
  return object;
}

const maxExplanationBytes = 64 * 1024;

/** Chunks of an event stream → its events. Throws what a provider says instead of streaming. */
export async function openEvents(service: string, relay: DirectRelay, profile: ProviderProfile): Promise<EventRelay> {
  if (!relay.headers["content-type"]?.includes("text/event-stream")) {
    // Asked for a stream and answered with one JSON object: mostly an error.
    readCompletion(service, await collect(relay), profile);
    throw badReply(service, "it is not an event stream");
  }
  return {
    pipe: (sink) => relay.pipe(new EventSplitter({ service, explain: profile.explain, sink, source: relay })),
    resume: () => relay.resume(),
  };
}

function collect(relay: DirectRelay): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    relay.pipe({
      data(chunk) {
        if (bytes < maxExplanationBytes) chunks.push(chunk);
        bytes += chunk.length;
        return true;
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
    });
  });
}
