import {
  type RawAnswer,
  type RawRequest,
  rawChunk,
  rawHead,
  rawReply,
  startRawUpstream,
} from "@sophia/core/testing/raw-upstream";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";

export interface RawProvider {
  /** Base URL with `/v1`. */
  url: string;
  /** Chat requests so far, in order. */
  chats(): readonly RawRequest[];
  /** Connections open at the moment. */
  readonly connections: number;
  /** How everything but its list of models is answered from now on. */
  answer(next: RawAnswer): void;
  stop(): Promise<void>;
}

/** USD for a token of every model of a raw provider. */
export const rawPrices = { input: 1e-6, output: 2e-6 };
export const rawUsage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
export const rawJson = { "content-type": "application/json" };
export const rawEvents = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };

const chatRoute = "POST /v1/chat/completions";

/** A provider of these models, whose answers are written byte by byte by the test. An id with "embed" in it embeds, one with "rerank" ranks. */
export async function startRawProvider(models: readonly string[], prices = rawPrices): Promise<RawProvider> {
  const pricing = { prompt: String(prices.input), completion: String(prices.output) };
  const list = JSON.stringify({
    data: models.map((id) => ({
      id,
      pricing,
      ...(id.includes("embed") && { type: "embedding" }),
      ...(id.includes("rerank") && { type: "rerank" }),
    })),
  });
  let answer: RawAnswer = answerSoundly("a sound answer");
  const upstream = await startRawUpstream({
    answer: (socket, request) => {
      if (request.route.startsWith("GET ")) socket.write(rawReply(200, rawJson, list));
      else answer(socket, request);
    },
  });
  return {
    url: `${upstream.url}/v1`,
    chats: () => upstream.requests.filter(({ route }) => route === chatRoute),
    get connections() {
      return upstream.connections;
    },
    answer(next) {
      answer = next;
    },
    stop: () => upstream.stop(),
  };
}

export function rawEndpoint(service: string, provider: Pick<RawProvider, "url">): ModelEndpoint {
  return { service, mode: "live", baseUrl: provider.url, models: [] };
}

export function wantsStream({ body }: RawRequest): boolean {
  return /"stream": ?true/.test(body);
}

/** As a provider in good health does, in whichever form it was asked. */
export function answerSoundly(text: string, usage: typeof rawUsage = rawUsage): RawAnswer {
  return (socket, request) => {
    if (!wantsStream(request)) {
      socket.write(rawReply(200, rawJson, completionText(text, usage)));
      return;
    }
    const words = text.split(/(?<= )/).map((word) => rawChunk(eventText(word)));
    const end = rawChunk(`${eventText("", "stop")}${usageEvent(usage)}data: [DONE]\n\n`);
    socket.write(Buffer.concat([rawHead(200, rawEvents), Buffer.from(words.join("") + end + rawChunk())]));
  };
}

const frame = { id: "raw-1", created: 1_764_000_000, model: "raw" };

export function completionText(text: string, usage: typeof rawUsage = rawUsage): string {
  const choice = { index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" };
  return JSON.stringify({ ...frame, object: "chat.completion", choices: [choice], usage });
}

/** One event of a streamed answer. */
export function eventText(content: string, finishReason: string | null = null): string {
  const choice = { index: 0, delta: { content }, finish_reason: finishReason };
  return `data: ${JSON.stringify({ ...frame, object: "chat.completion.chunk", choices: [choice] })}\n\n`;
}

function usageEvent(usage: typeof rawUsage): string {
  return `data: ${JSON.stringify({ ...frame, object: "chat.completion.chunk", choices: [], usage })}\n\n`;
}
