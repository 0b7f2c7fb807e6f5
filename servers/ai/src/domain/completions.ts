import { createSingleFlight } from "@sophia/core/cache/single-flight";
import { type StoredAnswer, toCompletion, toEvents } from "./answer.ts";
import { CallDesk, type CompletionParts, type Found } from "./call-desk.ts";
import type { CallJournal } from "./call-journal.ts";
import type { CacheState, ChatCall, Cost, StreamAnswer, WholeAnswer } from "./chat-call.ts";
import { askStream, type StreamEnd, type StreamReply } from "./ask-stream.ts";
import { askWhole, type WholeReply } from "./ask-whole.ts";
import { SharedStream } from "./shared-stream.ts";

interface OpenedStream {
  stream: SharedStream;
  found: Found;
  reply: StreamReply | undefined;
  end: StreamEnd | undefined;
}

const free: Cost = { costUsd: 0, priceKnown: true };

/** Chat: key policy → cache → route → target by target → ledger. Each call ends in one record for all who look at calls. */
export class Completions {
  readonly #parts: CompletionParts;
  readonly #desk: CallDesk;
  readonly #whole = createSingleFlight<{ found: Found; reply: WholeReply | undefined }>();
  readonly #streams = createSingleFlight<OpenedStream>();

  constructor(parts: CompletionParts) {
    this.#parts = parts;
    this.#desk = new CallDesk(parts);
    this.#desk.askAgain = (call) => this.complete(call);
  }

  async complete(call: ChatCall): Promise<WholeAnswer> {
    if (call.tags) await this.#desk.readTags();
    const { journal, key, admitted } = this.#desk.admit(call);
    const known = this.#desk.peek(key, journal);
    if (known) return this.#toWhole(call, { found: known, reply: undefined }, { shared: false, journal, hasKey: true });
    try {
      const work = async (signal: AbortSignal) => {
        const found = await this.#desk.find(call, { key, journal, signal });
        if (found.answer) return { found, reply: undefined };
        const choice = await this.#desk.choose(call, { admitted, journal, signal });
        const { targets } = choice;
        return { found, reply: await askWhole(this.#parts, { call, targets, ...admitted, journal, signal }) };
      };
      const joinedAt = this.#parts.clock.monotonic();
      const { value, shared } =
        key === undefined
          ? { value: await work(call.signal), shared: false }
          : await this.#whole.run(key.flight, call.signal, work, ({ found, reply }) => {
              this.#desk.keep(key, found, reply?.stored);
              return undefined;
            });
      if (shared) journal.waited(this.#parts.clock.monotonic() - joinedAt);
      // A tool's answer is told once its line is written; applications do not wait for the disk.
      if (call.origin === "tool" && value.reply) await this.#parts.spending.flush();
      return this.#toWhole(call, value, { shared, journal, hasKey: key !== undefined });
    } catch (error) {
      journal.end({ outcome: call.signal.aborted ? "cancelled" : "error", error, answer: "" });
      throw error;
    }
  }

  /** Resolves with the first event at hand, so that a failure before it is an error and not half an answer. */
  async stream(call: ChatCall): Promise<StreamAnswer> {
    if (call.tags) await this.#desk.readTags();
    const { journal, key, admitted } = this.#desk.admit(call);
    const known = this.#desk.peek(key, journal);
    if (known?.answer) {
      const opened = replay(known, known.answer.stored, call);
      journal.firstToken();
      return this.#toStream(call, opened, { shared: false, journal, hasKey: true });
    }
    try {
      const open = (signal: AbortSignal) => this.#open(call, { key, admitted, journal, signal });
      const includeUsage = call.request.stream_options?.include_usage === true;
      const joinedAt = this.#parts.clock.monotonic();
      const { value, shared } =
        key === undefined
          ? { value: await open(call.signal), shared: false }
          : await this.#streams.run(`${key.flight} ${includeUsage}`, call.signal, open, async ({ found, reply }) => {
              if (reply) this.#desk.keep(key, found, (await reply.ended).stored);
            });
      if (shared) journal.waited(this.#parts.clock.monotonic() - joinedAt);
      journal.firstToken();
      return this.#toStream(call, value, { shared, journal, hasKey: key !== undefined });
    } catch (error) {
      journal.end({ outcome: call.signal.aborted ? "cancelled" : "error", error, answer: "" });
      throw error;
    }
  }

  /** After a bad opinion: the answer to that request is taken out of the caches. False: nothing is known of it. */
  async forget(requestId: string): Promise<boolean> {
    await this.#desk.settled();
    return await this.#desk.kept.forget(requestId);
  }

  /** Waits for answers that are still being written to the caches, and for checks of served ones. */
  async close(): Promise<void> {
    await this.#desk.settled();
  }

  async #open(
    call: ChatCall,
    {
      signal,
      ...opening
    }: Pick<ReturnType<CallDesk["admit"]>, "key" | "admitted" | "journal"> & { signal: AbortSignal },
  ): Promise<OpenedStream> {
    const { key, admitted, journal } = opening;
    const includeUsage = call.request.stream_options?.include_usage === true;
    const found = await this.#desk.find(call, { key, journal, signal });
    if (found.answer) return replay(found, found.answer.stored, call);
    const { targets } = await this.#desk.choose(call, { admitted, journal, signal });
    const controller = new AbortController();
    const cancel = () => controller.abort(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    const request = { call, targets, ...admitted, journal, includeUsage, controller, signal: controller.signal };
    const reply = await askStream(this.#parts, request);
    // From here on the readers decide: the one who opened it may leave while others go on.
    signal.removeEventListener("abort", cancel);
    const opened: OpenedStream = { stream: reply.stream, found, reply, end: undefined };
    void reply.ended.then((end) => {
      opened.end = end;
      const { text: answer, usage, finishReason, outcome, error } = end;
      journal.end({ target: reply.target, answer, usage, cost: end, finishReason, outcome, error });
    });
    return opened;
  }

  #toWhole(
    call: ChatCall,
    { found, reply }: { found: Found; reply: WholeReply | undefined },
    { shared, journal, hasKey }: { shared: boolean; journal: CallJournal; hasKey: boolean },
  ): WholeAnswer {
    journal.cache = toCacheState(hasKey, found, shared);
    const facts = this.#desk.toFacts(journal, found, reply?.target);
    if (found.answer) {
      const { usage, stored } = found.answer;
      this.#desk.check(call, found);
      journal.end({ outcome: "ok", usage, cost: free, answer: stored.content, finishReason: "stop" });
      return { ...facts, ...free, completion: toCompletion(stored), bytes: undefined, usage };
    }
    if (!reply) throw new Error("A call ended with neither an answer nor an error.");
    const { completion, bytes, usage, target, text: answer, finishReason } = reply;
    const cost = shared ? free : { costUsd: reply.costUsd, priceKnown: reply.priceKnown };
    journal.end({ outcome: "ok", target, usage, cost, answer, finishReason });
    return { ...facts, ...cost, completion, bytes, usage };
  }

  #toStream(
    call: ChatCall,
    opened: OpenedStream,
    { shared, journal, hasKey }: { shared: boolean; journal: CallJournal; hasKey: boolean },
  ): StreamAnswer {
    const { found, reply, stream } = opened;
    journal.cache = toCacheState(hasKey, found, shared);
    const facts = this.#desk.toFacts(journal, found, reply?.target);
    if (found.answer) {
      const { usage, stored } = found.answer;
      this.#desk.check(call, found);
      journal.end({ outcome: "ok", usage, cost: free, answer: stored.content, finishReason: "stop" });
    } else if (shared) {
      void reply?.ended.then(({ text: answer, usage, finishReason, outcome }) => {
        journal.end({ target: reply.target, answer, usage, cost: free, finishReason, outcome });
      });
    }
    return {
      ...facts,
      join: (reader) => stream.join(reader),
      cost: () => (shared || found.answer ? free : opened.end),
    };
  }
}

/** A stored answer as a stream that is there already. */
function replay(found: Found, stored: StoredAnswer, { request }: ChatCall): OpenedStream {
  const includeUsage = request.stream_options?.include_usage === true;
  const stream = new SharedStream({ resume: () => {}, abandon: () => {} });
  for (const event of toEvents(stored, { includeUsage })) stream.push(Buffer.from(`data: ${event}\n\n`));
  stream.end();
  return { stream, found, reply: undefined, end: undefined };
}

function toCacheState(hasKey: boolean, found: Found, shared: boolean): CacheState {
  if (!hasKey) return "bypass";
  if (found.answer) return found.answer.semantic ? "semantic" : "hit";
  return shared ? "shared" : "miss";
}
