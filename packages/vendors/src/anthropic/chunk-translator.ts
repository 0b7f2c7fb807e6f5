import { badReply } from "@sophia/core/http/failures";
import { z } from "zod";
import { Message, MessageUsage, toFinishReason, toUsage } from "./completion.ts";
import { answerToolName } from "./messages-request.ts";

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming */
const StreamEvent = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("message_start"), message: Message }),
  z.looseObject({
    type: z.literal("content_block_start"),
    index: z.number(),
    content_block: z.looseObject({ type: z.string(), id: z.string().optional(), name: z.string().optional() }),
  }),
  z.looseObject({
    type: z.literal("content_block_delta"),
    index: z.number(),
    delta: z.looseObject({ type: z.string(), text: z.string().optional(), partial_json: z.string().optional() }),
  }),
  z.looseObject({ type: z.literal("content_block_stop"), index: z.number() }),
  z.looseObject({
    type: z.literal("message_delta"),
    delta: z.looseObject({ stop_reason: z.string().nullish() }),
    usage: MessageUsage.nullish(),
  }),
  z.looseObject({ type: z.literal("message_stop") }),
]);

type Chunk = Record<string, unknown>;
type BlockStart = Extract<z.output<typeof StreamEvent>, { type: "content_block_start" }>;
type BlockDelta = Extract<z.output<typeof StreamEvent>, { type: "content_block_delta" }>;

const knownTypes = new Set(StreamEvent.options.map((option) => option.shape.type.value as string));
const EventType = z.looseObject({ type: z.string() });

/** The events of one message's stream → the chunks of a completion's stream that say the same. */
export class ChunkTranslator {
  readonly #options: { service: string; createdAt: number };
  #frame: Chunk | undefined;
  #usage: MessageUsage = {};
  #ended = false;
  /** Index of a content block → place among the tool calls; -1: the answer in the form of a tool's input. */
  readonly #toolPlaces = new Map<number, number>();

  constructor(options: { service: string; createdAt: number }) {
    this.#options = options;
  }

  /** The message has come to its end. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Throws AppError `upstream` for an event out of its place. Kinds of events that are not known are passed over. */
  translate(value: unknown): Chunk[] {
    if (!knownTypes.has(EventType.safeParse(value).data?.type ?? "")) return [];
    const parsed = StreamEvent.safeParse(value);
    if (!parsed.success) throw badReply(this.#options.service, "an event of the stream is malformed");
    const event = parsed.data;
    switch (event.type) {
      case "message_start":
        return [this.#start(event.message)];
      case "content_block_start":
        return this.#startBlock(event);
      case "content_block_delta":
        return this.#continueBlock(event);
      case "message_delta":
        return this.#finish(event.delta.stop_reason, event.usage);
      case "message_stop":
        this.#ended = true;
        return [];
      case "content_block_stop":
        return [];
    }
  }

  #chunk(delta: object, finishReason: string | null = null): Chunk {
    if (!this.#frame) throw badReply(this.#options.service, "an event of the stream came before its message");
    return { ...this.#frame, choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] };
  }

  #start({ id, model, usage }: Message): Chunk {
    this.#frame = { id, object: "chat.completion.chunk", created: this.#options.createdAt, model };
    this.#usage = usage;
    return this.#chunk({ role: "assistant", content: "" });
  }

  #startBlock({ index, content_block: block }: BlockStart): Chunk[] {
    if (block.type !== "tool_use") return [];
    if (block.name === answerToolName) {
      this.#toolPlaces.set(index, -1);
      return [];
    }
    const place = [...this.#toolPlaces.values()].filter((known) => known >= 0).length;
    this.#toolPlaces.set(index, place);
    const call = { index: place, id: block.id, type: "function", function: { name: block.name, arguments: "" } };
    return [this.#chunk({ tool_calls: [call] })];
  }

  #continueBlock({ index, delta }: BlockDelta): Chunk[] {
    if (delta.type === "text_delta") return [this.#chunk({ content: delta.text ?? "" })];
    const place = this.#toolPlaces.get(index);
    if (delta.type !== "input_json_delta" || place === undefined || !delta.partial_json) return [];
    if (place < 0) return [this.#chunk({ content: delta.partial_json })];
    return [this.#chunk({ tool_calls: [{ index: place, function: { arguments: delta.partial_json } }] })];
  }

  #finish(stopReason: string | null | undefined, last: MessageUsage | null | undefined): Chunk[] {
    this.#usage = { ...this.#usage, ...last };
    const isAnswer = [...this.#toolPlaces.values()].includes(-1);
    const reason = toFinishReason(stopReason);
    const choice = this.#chunk({}, isAnswer && reason === "tool_calls" ? "stop" : reason);
    return [choice, { ...this.#frame, choices: [], usage: toUsage(this.#usage) }];
  }
}
