import { badReply } from "@sophia/core/http/failures";
import type { HttpStream } from "@sophia/core/http/http";
import { createParser } from "eventsource-parser";
import { z } from "zod";
import { fromErrorBody } from "./provider-errors.ts";

/** One event of a streamed completion: as it was written, and as far as we read it. */
export interface StreamChunk {
  /** JSON, one line. */
  data: string;
  parsed: ParsedChunk;
}

const Delta = z.looseObject({ role: z.string().nullish(), content: z.string().nullish() });

const ParsedChunk = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  created: z.number().nullish(),
  choices: z.array(
    z.looseObject({
      index: z.number().nullish(),
      delta: Delta.nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
  usage: z.unknown().optional(),
});
export type ParsedChunk = z.infer<typeof ParsedChunk>;

const maxEventCharacters = 2 * 1024 * 1024;

/**
 * Server-sent events → chunks, at the reader's pace. Ends normally only after `[DONE]` or a finish reason: a stream
 * that just stops has been cut. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* readEvents(service: string, reply: HttpStream): AsyncGenerator<StreamChunk, void, undefined> {
  if (!reply.headers["content-type"]?.includes("text/event-stream")) throw await explainWrongType(service, reply);
  const waiting: string[] = [];
  let overflow = false;
  const parser = createParser({
    onEvent: (event) => waiting.push(event.data),
    onError: (error) => {
      overflow ||= error.type === "max-buffer-size-exceeded";
    },
    maxBufferSize: maxEventCharacters,
  });
  const decoder = new TextDecoder();
  let finished = false;
  for await (const bytes of reply.body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (overflow) throw badReply(service, "one event of the stream is too large");
    for (const data of waiting.splice(0)) {
      if (data === "[DONE]") return;
      const chunk = parseChunk(service, data);
      finished ||= chunk.parsed.choices.some((choice) => typeof choice.finish_reason === "string");
      yield chunk;
    }
  }
  if (!finished) throw badReply(service, "the stream ended in the middle of the answer");
}

function parseChunk(service: string, data: string): StreamChunk {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw badReply(service, "an event of the stream is not sound JSON", { cause });
  }
  const error = fromErrorBody(service, value);
  if (error) throw error;
  const parsed = ParsedChunk.safeParse(value);
  if (!parsed.success) throw badReply(service, "an event of the stream is not a chunk");
  // A line break inside would end the event early when it is written out again.
  return { data: data.includes("\n") ? JSON.stringify(value) : data, parsed: parsed.data };
}

/** A provider that was asked for a stream and answers with one JSON object has something to say, mostly an error. */
async function explainWrongType(service: string, reply: HttpStream): Promise<Error> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > 64 * 1024) break;
  }
  try {
    const error = fromErrorBody(service, JSON.parse(Buffer.concat(chunks).toString("utf8")));
    if (error) return error;
  } catch {
    // Not JSON: said below, without repeating any of it.
  }
  return badReply(service, "it is not an event stream");
}
