import type { IncomingMessage, ServerResponse } from "node:http";
import { buildAnswer } from "../openai/answer.ts";
import { buildChunks, buildCompletion } from "../openai/chat-replies.ts";
import { ChatRequest } from "../openai/chat-request.ts";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";
import { buildRoutedModels, routedModels } from "./models.ts";

export interface HuggingFaceSimulator {
  /** Base URL of the router, with `/v1`. */
  url: string;
  /** Who was asked and who pays, of every chat so far. */
  calls(): readonly { model: string; provider: string; billTo: string | undefined }[];
  /** USD a month that are included; when they are used up, calls end with 402. */
  setCredit(creditUsd: number): void;
  close(): Promise<void>;
}

interface State {
  token: string;
  seed: number;
  calls: { model: string; provider: string; billTo: string | undefined }[];
  creditUsd: number;
}

const callsKept = 2_000;

/** The router of Inference Providers on loopback. https://huggingface.co/docs/inference-providers */
export async function startHuggingFaceSimulator(options: {
  token: string;
  seed?: number;
}): Promise<HuggingFaceSimulator> {
  const state: State = { token: options.token, seed: options.seed ?? 1, calls: [], creditUsd: 2 };
  const served = await serve((request, response) => handle(state, request, response));
  return {
    url: `${served.origin}/v1`,
    calls: () => state.calls,
    setCredit: (creditUsd) => void (state.creditUsd = creditUsd),
    close: served.close,
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = `${request.method} ${request.url}`;
  // The list is open to everybody.
  if (route === "GET /v1/models") return sendJson(response, 200, buildRoutedModels());
  if (request.headers.authorization !== `Bearer ${state.token}`) {
    return sendJson(response, 401, { error: "Invalid username or password." });
  }
  if (route !== "POST /v1/chat/completions") return sendJson(response, 404, { error: "Not Found" });
  const parsed = ChatRequest.safeParse(await readJson(request));
  if (!parsed.success) {
    const error = { message: "VENDOR TEXT: invalid request", type: "invalid_request_error", param: null, code: null };
    return sendJson(response, 400, { error });
  }
  if (state.creditUsd <= 0) {
    return sendJson(response, 402, {
      error: "You have exceeded your monthly included credits for Inference Providers.",
    });
  }
  const place = findPlace(parsed.data.model);
  if (!place) {
    const message = `The requested model '${parsed.data.model}' does not exist`;
    return sendJson(response, 400, { error: { message, type: "invalid_request_error", code: "model_not_found" } });
  }
  chat(state, { request, response, chatRequest: parsed.data, place });
}

type Place = (typeof routedModels)[number]["places"][number];

function findPlace(name: string): Place | undefined {
  const [id, suffix = "fastest"] = name.split(":");
  const live = routedModels.find((model) => model.id === id)?.places.filter(({ status }) => status === "live");
  if (suffix === "fastest") return live?.[0];
  if (suffix === "cheapest") return live?.toSorted((left, right) => left.output - right.output)[0];
  return live?.find(({ provider }) => provider === suffix);
}

function chat(
  state: State,
  call: { request: IncomingMessage; response: ServerResponse; chatRequest: ChatRequest; place: Place },
): void {
  const { request, response, chatRequest, place } = call;
  const billTo = request.headers["x-hf-bill-to"];
  const asked = { model: chatRequest.model, provider: place.provider };
  state.calls.push({ ...asked, billTo: Array.isArray(billTo) ? billTo[0] : billTo });
  if (state.calls.length > callsKept) state.calls.shift();
  const answer = buildAnswer(chatRequest, state.seed, 0);
  state.creditUsd -= (answer.promptTokens * place.input + answer.completionTokens * place.output) / 1e6;
  response.setHeader("x-inference-provider", place.provider);
  const usage = { usage: true };
  if (chatRequest.stream !== true) return sendJson(response, 200, buildCompletion(chatRequest, [answer], usage));
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const chunk of buildChunks(chatRequest, [answer], usage)) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  response.end("data: [DONE]\n\n");
}
