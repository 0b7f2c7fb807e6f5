import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { ChatRequest } from "../domain/chat-request.ts";
import type { AnswerFacts, ChatCall, StreamAnswer } from "../domain/completions.ts";
import { type Exchange, type GatewayServices, parseBody, sendJson } from "./exchange.ts";
import { toErrorBody } from "./openai-error.ts";

/** A reader that takes nothing for this long is cut off: it would hold the provider's stream open. */
const unreadTimeoutMs = 30_000;

export async function answerChat(exchange: Exchange, services: GatewayServices): Promise<void> {
  const request = parseBody(exchange.body, ChatRequest);
  const call: ChatCall = {
    request,
    caller: exchange.caller,
    requestId: exchange.requestId,
    signal: exchange.signal,
    cache: readCacheWish(exchange),
  };
  if (request.stream === true) {
    await sendStream(exchange, await services.completions.stream(call), services);
    return;
  }
  const answer = await services.completions.complete(call);
  setFacts(exchange.response, answer);
  exchange.response.setHeader("x-sophia-cost-usd", formatCost(answer));
  sendJson(exchange.response, answer.completion);
}

/** `x-sophia-cache: bypass`, or HTTP's own word for the same. */
function readCacheWish({ request }: Exchange): ChatCall["cache"] {
  const wish = request.headers["x-sophia-cache"];
  if (wish !== undefined && wish !== "bypass" && wish !== "use" && wish !== "exact") {
    throw new AppError("invalid_input", "The header x-sophia-cache must be use, exact or bypass.");
  }
  const noStore = /\bno-(store|cache)\b/.test(request.headers["cache-control"] ?? "");
  return wish === "bypass" || (wish === undefined && noStore) ? "bypass" : "use";
}

function setFacts(response: ServerResponse, { service, mode, model, cache }: AnswerFacts): void {
  response.setHeader("x-sophia-cache", cache);
  response.setHeader("x-sophia-model", encodeURI(model));
  response.setHeader("x-sophia-provider", service);
  response.setHeader("x-sophia-mode", mode);
}

function formatCost({ costUsd, priceKnown }: { costUsd: number; priceKnown: boolean }): string {
  if (!priceKnown) return "unknown";
  return costUsd === 0 ? "0" : costUsd.toFixed(9).replace(/0+$/, "");
}

/** Events at the reader's pace. The cost is known only at the end, so it follows as a trailer. */
async function sendStream(exchange: Exchange, answer: StreamAnswer, { log }: GatewayServices): Promise<void> {
  const { response, signal } = exchange;
  try {
    const first = await answer.reader.next();
    setFacts(response, answer);
    const isFree = answer.cache === "hit" || answer.cache === "shared";
    response.setHeader(isFree ? "x-sophia-cost-usd" : "trailer", isFree ? "0" : "x-sophia-cost-usd");
    const headers = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };
    response.writeHead(200, { ...headers, "x-accel-buffering": "no" });
    for (let event = first; event !== undefined; event = await answer.reader.next()) {
      await write(response, `data: ${event}\n\n`, signal);
    }
    const cost = answer.cost() ?? { costUsd: 0, priceKnown: false };
    if (!isFree) response.addTrailers({ "x-sophia-cost-usd": formatCost(cost) });
    response.end("data: [DONE]\n\n");
  } catch (thrown) {
    if (!response.headersSent || signal.aborted) throw thrown;
    // Half an answer is out. The error follows as an event, and the stream ends without [DONE].
    const error = toAppError(thrown);
    log.debug({ err: thrown, requestId: exchange.requestId, kind: error.kind }, "stream failed half-way");
    response.end(`data: ${JSON.stringify(toErrorBody(error))}\n\n`);
  } finally {
    answer.reader.leave();
  }
}

async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (response.write(text)) return;
  const timer = setTimeout(() => response.destroy(), unreadTimeoutMs);
  try {
    await once(response, "drain", { signal });
  } finally {
    clearTimeout(timer);
  }
}
