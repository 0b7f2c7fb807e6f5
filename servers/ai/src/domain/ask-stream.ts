import { badReply } from "@sophia/core/http/failures";
import type { StreamEvent } from "@sophia/vendors/openai-shape/event-splitter";
import type { EventRelay } from "@sophia/vendors/openai-shape/byte-calls";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import { createStreamTally, type StoredAnswer, type StreamTally } from "./answer.ts";
import { type AskParts, type AskRequest, askTargets, type Try } from "./ask-targets.ts";
import type { Cost } from "./chat-call.ts";
import { pullEvents } from "./pull-events.ts";
import { SharedStream } from "./shared-stream.ts";
import type { Target } from "./targets.ts";
import { toCallOptions, toUpstreamBody } from "./upstream-body.ts";

/** How a stream ended, in whatever way. */
export interface StreamEnd extends Cost {
  usage: Usage;
  text: string;
  finishReason: string | undefined;
  /** The answer, when it came whole and may be given again. */
  stored: StoredAnswer | undefined;
  outcome: "ok" | "partial" | "cancelled";
  error?: unknown;
}

export interface StreamReply {
  target: Target;
  stream: SharedStream;
  ended: Promise<StreamEnd>;
}

export interface StreamRequest extends AskRequest {
  /** The caller wants the event with the usage, too. */
  includeUsage: boolean;
  /** Cancels the provider's call; aborted when the last reader has left. */
  controller: AbortController;
}

/** Resolves when the first event of an answer has come: from then on there is no other target. */
export async function askStream(parts: AskParts, request: StreamRequest): Promise<StreamReply> {
  const { target, value } = await askTargets(parts, request, (one) => openStream(parts, request, one));
  return { target, ...value };
}

async function openStream(parts: AskParts, request: StreamRequest, one: Try): Promise<Omit<StreamReply, "target">> {
  const { call, signal } = request;
  const { client } = one.target.provider;
  const body = toUpstreamBody(call, one.target, true);
  const options = toCallOptions(call, one.target, request.policy, one);
  const relay: EventRelay = client.relayEvents
    ? await client.relayEvents(body, signal, options)
    : pullEvents(await client.stream(body.fields, signal, options));
  const flow = new StreamFlow(parts, request, { ...one, relay });
  relay.pipe(flow);
  await flow.first;
  return { stream: flow.stream, ended: flow.ended };
}

/** From the provider's events to the readers, counting what passes. */
class StreamFlow {
  readonly stream: SharedStream;
  readonly first: Promise<void>;
  readonly ended: Promise<StreamEnd>;
  readonly #parts: AskParts;
  readonly #request: StreamRequest;
  readonly #try: Try;
  readonly #tally: StreamTally = createStreamTally();
  readonly #started = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<StreamEnd>();
  readonly #openedAt: number;
  #firstTokenMs: number | undefined;
  #done = false;

  constructor(parts: AskParts, request: StreamRequest, one: Try & { relay: EventRelay }) {
    this.#parts = parts;
    this.#request = request;
    this.#try = one;
    this.#openedAt = parts.clock.monotonic();
    this.first = this.#started.promise;
    this.ended = this.#over.promise;
    this.stream = new SharedStream({
      resume: () => one.relay.resume(),
      abandon: () => {
        request.controller.abort(nobodyReads);
        // Who waits for room would not see it otherwise.
        one.relay.resume();
      },
    });
  }

  events(events: readonly StreamEvent[], raw: Buffer | undefined): boolean {
    for (const event of events) this.#tally.add(event.chunk);
    const passed = this.#request.includeUsage ? events : events.filter(isForReader);
    if (this.#tally.started && this.#firstTokenMs === undefined) this.#begin();
    if (passed.length === 0) return true;
    const isUnchanged = raw !== undefined && passed.length === events.length;
    return this.stream.push(isUnchanged ? raw : encodeEvents(passed));
  }

  end(): void {
    if (!this.#tally.started) {
      const { service } = this.#try.target.candidate;
      this.#started.reject(badReply(service, "the stream ended without an answer"));
      return;
    }
    this.#finish("ok");
    this.stream.end();
  }

  fail(error: unknown): void {
    if (!this.#tally.started) {
      this.#started.reject(error);
      return;
    }
    const { signal } = this.#request;
    this.#finish(signal.aborted ? "cancelled" : "partial", error);
    this.stream.fail(error);
  }

  #begin(): void {
    this.#firstTokenMs = this.#parts.clock.monotonic() - this.#openedAt;
    this.#started.resolve();
  }

  #finish(outcome: StreamEnd["outcome"], error?: unknown): void {
    if (this.#done) return;
    this.#done = true;
    const { attempt, note, settle, target } = this.#try;
    if (outcome === "ok") {
      const totalMs = this.#parts.clock.monotonic() - this.#openedAt;
      attempt.ok({ firstTokenMs: this.#firstTokenMs, totalMs });
      note("ok");
    } else note(attempt.failed(error, this.#request.signal).class);
    const usage = this.#tally.usage(this.#request.expected.inputTokens);
    const { text, finishReason } = this.#tally;
    const stored = outcome === "ok" ? this.#tally.toStored(usage, target.candidate) : undefined;
    this.#over.resolve({ ...settle(usage), usage, text, finishReason, stored, outcome, error });
  }
}

const nobodyReads = new DOMException("Nobody reads any more.", "AbortError");

/** Not the event that only holds the usage we asked for. */
function isForReader({ chunk }: StreamEvent): boolean {
  return chunk.choices.length > 0 || !chunk.usage;
}

function encodeEvents(events: readonly StreamEvent[]): Buffer {
  let text = "";
  for (const { data } of events) text += `data: ${data}\n\n`;
  return Buffer.from(text);
}
