import { badReply } from "./failures.ts";

/** One event of a text/event-stream; comments and unknown fields are left out. */
export interface ServerEvent {
  event: string | undefined;
  data: string;
  id: string | undefined;
}

const defaultMaxLineBytes = 1 << 20;

/**
 * The lines of a streamed body, for ndjson and logs. A line longer than the limit is an error, as is text that is no
 * UTF-8; a last line without its line break is given too.
 */
export async function* readLines(
  service: string,
  body: AsyncIterable<Buffer>,
  maxLineBytes: number = defaultMaxLineBytes,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of body) {
    const text = decode(service, () => decoder.decode(chunk, { stream: true }));
    // Only the new text is searched: a long line that comes byte by byte would be searched from its start each time.
    const [first = "", ...more] = text.split("\n");
    rest += first;
    for (const next of more) {
      if (rest.length > maxLineBytes) break;
      yield rest.endsWith("\r") ? rest.slice(0, -1) : rest;
      rest = next;
    }
    if (rest.length > maxLineBytes) throw badReply(service, "a line of it is too long", { retryable: false });
  }
  rest += decode(service, () => decoder.decode());
  if (rest !== "") yield rest;
}

function decode(service: string, work: () => string): string {
  try {
    return work();
  } catch {
    throw badReply(service, "it is not valid text");
  }
}

/**
 * The events of a text/event-stream body. An event that is cut off by the end of the body is not given: half a message
 * is none. Source: WHATWG HTML, server-sent events, 9.2.6.
 */
export async function* readEvents(
  service: string,
  body: AsyncIterable<Buffer>,
  maxLineBytes?: number,
): AsyncGenerator<ServerEvent, void, undefined> {
  let event: string | undefined;
  let id: string | undefined;
  let data: string[] = [];
  for await (const line of readLines(service, body, maxLineBytes)) {
    if (line === "") {
      if (data.length > 0) yield { event, data: data.join("\n"), id };
      event = undefined;
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id") id = value;
  }
}
