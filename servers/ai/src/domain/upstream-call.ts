import { AppError } from "@sophia/core/errors/app-error";
import type { Ledger } from "@sophia/core/ledger/ledger";
import type { Caller } from "@sophia/core/approval/caller";
import type { Logger } from "pino";
import { createStreamTally, type StoredAnswer, toStoredAnswer } from "./answer.ts";
import { type Booking, type Cost, openBooking } from "./booking.ts";
import { type ChatRequest, estimateUsage } from "./chat-request.ts";
import type { Target } from "./models.ts";
import { estimateTokens, parseUsage, type Usage } from "@sophia/vendors/openai-shape/usage";

/** One chat request on its way to a model. */
export interface UpstreamCall {
  request: ChatRequest;
  target: Target;
  caller: Caller;
  requestId: string;
}

export interface UpstreamOptions {
  ledger: Ledger;
  log: Logger;
}

/** What is known once a call has ended. */
export interface Outcome extends Cost {
  usage: Usage;
  /** The answer, when it may be given again. */
  stored: StoredAnswer | undefined;
}

export interface WholeReply extends Outcome {
  completion: Record<string, unknown>;
}

/** Reserve → ask → settle, for an answer in one piece. */
export async function askWhole(call: UpstreamCall, signal: AbortSignal, options: UpstreamOptions): Promise<WholeReply> {
  const expected = estimateUsage(call.request);
  const booking = await openBooking({ ...options, ...call, expected });
  const body: Record<string, unknown> = { ...call.request, model: call.target.model };
  delete body["stream"];
  delete body["stream_options"];
  let completion: Record<string, unknown>;
  try {
    completion = await call.target.provider.client.complete(body, signal);
  } catch (error) {
    await closeFailed(booking, error, expected.inputTokens, signal);
    throw error;
  }
  const usage = parseUsage(completion["usage"]) ?? {
    ...expected,
    outputTokens: estimateTokens(JSON.stringify(completion["choices"])),
    estimated: true,
  };
  const cost = await booking.settle(usage);
  return { ...cost, completion, usage, stored: toStoredAnswer(completion, usage) };
}

/**
 * The same for a stream: yields each event's JSON. The first `next()` reserves and asks; however it ends (whole, cut,
 * cancelled), what has come is settled, and `onEnd` is told.
 */
export async function* askStream(
  call: UpstreamCall,
  signal: AbortSignal,
  options: UpstreamOptions & { includeUsage: boolean; onEnd(outcome: Outcome): void },
): AsyncGenerator<string, void, undefined> {
  const expected = estimateUsage(call.request);
  const booking = await openBooking({ ...options, ...call, expected });
  // Usage is always asked for, because the ledger needs it; the caller sees it only when it asked too.
  const streamOptions = { ...call.request.stream_options, include_usage: true };
  const body = { ...call.request, model: call.target.model, stream: true, stream_options: streamOptions };
  const tally = createStreamTally();
  let failure: { error: unknown } | undefined;
  let whole = false;
  try {
    for await (const chunk of await call.target.provider.client.stream(body, signal)) {
      tally.add(chunk.parsed);
      const isUsageOnly = chunk.parsed.choices.length === 0 && chunk.parsed.usage !== undefined;
      if (options.includeUsage || !isUsageOnly) yield chunk.data;
    }
    whole = true;
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    if (failure && !tally.started) await closeFailed(booking, failure.error, expected.inputTokens, signal);
    else {
      const usage = tally.usage(expected.inputTokens);
      const cost = await booking.settle(usage);
      options.onEnd({ ...cost, usage, stored: whole ? tally.toStored(usage) : undefined });
    }
  }
}

/**
 * Without an answer: nothing is charged for a refusal or a dead provider; a call the caller broke off was being worked
 * on, and its prompt is charged as an estimate.
 */
async function closeFailed(booking: Booking, error: unknown, inputTokens: number, signal: AbortSignal): Promise<void> {
  const brokenOff = signal.aborted && !(error instanceof AppError && error.status !== undefined);
  if (brokenOff) await booking.settle({ inputTokens, outputTokens: 0, cachedInputTokens: 0, estimated: true });
  else await booking.release();
}
