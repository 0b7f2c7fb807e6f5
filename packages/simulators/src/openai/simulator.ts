import type { IncomingMessage, ServerResponse } from "node:http";
import { buildAnswer, buildEmbedding, countPromptTokens, countTokens, emptyAnswer } from "./answer.ts";
import { type RecordedCall, recordCall } from "./call-record.ts";
import { buildChunks, buildCompletion } from "./chat-replies.ts";
import { ChatRequest, EmbeddingRequest } from "./chat-request.ts";
import { failEarly } from "./fail-early.ts";
import { createFaultSwitch, type FaultSwitch } from "./faults.ts";
import { readJson, sendJson } from "./json-body.ts";
import { buildModelList, simulatedModels } from "./models.ts";
import { sendEvents } from "./send-events.ts";
import { serve } from "./serve.ts";

export interface OpenAiSimulatorOptions {
  seed?: number;
  /** Required as bearer when given. */
  apiKey?: string;
  /** Default: any free port. */
  port?: number;
}

export interface OpenAiSimulator {
  /** Base URL with `/v1`. */
  url: string;
  faults: FaultSwitch;
  calls(): readonly RecordedCall[];
  close(): Promise<void>;
}

const embeddingDimension = 64;
const errorChunk = {
  error: { code: 502, message: "VENDOR TEXT: provider disconnected" },
  choices: [{ index: 0, delta: {}, finish_reason: "error" }],
};

/**
 * A small stateful provider with the OpenAI API on loopback: models with prices, chat, embeddings, usage, faults.
 * Every text it gives says that it is simulated. https://platform.openai.com/docs/api-reference
 */
export async function startOpenAiSimulator(options: OpenAiSimulatorOptions = {}): Promise<OpenAiSimulator> {
  const state: State = {
    seed: options.seed ?? 1,
    apiKey: options.apiKey,
    faults: createFaultSwitch(),
    calls: [],
    usage: { requests: 0, prompt_tokens: 0, completion_tokens: 0 },
  };
  const served = await serve((request, response) => handle(state, request, response), options.port);
  return { url: `${served.origin}/v1`, faults: state.faults, calls: () => state.calls, close: served.close };
}

interface State {
  seed: number;
  apiKey: string | undefined;
  faults: FaultSwitch;
  calls: RecordedCall[];
  usage: { requests: number; prompt_tokens: number; completion_tokens: number };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (state.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.apiKey}`) {
    sendError(response, 401, "invalid_api_key", "Incorrect API key provided: sk-visible-to-vendor.");
    return;
  }
  response.setHeader("x-request-id", "req_simulated");
  const route = `${request.method} ${request.url?.split("?")[0]}`;
  if (route === "GET /v1/models") return sendJson(response, 200, buildModelList());
  if (route === "GET /v1/usage") return sendJson(response, 200, state.usage);
  if (route !== "POST /v1/chat/completions" && route !== "POST /v1/embeddings") {
    sendError(response, 404, "unknown_url", `Unknown request URL: ${route}.`);
    return;
  }
  const body = await readJson(request);
  if (route === "POST /v1/embeddings") await embed(state, body, response);
  else await chat(state, body, response);
}

async function chat(state: State, body: unknown, response: ServerResponse): Promise<void> {
  const parsed = ChatRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    sendError(response, 400, "invalid_value", `Invalid value: ${issue?.message}`, issue?.path.join("."));
    return;
  }
  const call = record(state, "/v1/chat/completions", parsed.data, response);
  const fault = state.faults.take();
  if (await failEarly(fault, response, wordError)) return;
  const model = findModel(parsed.data.model, "chat");
  if (!model) return sendError(response, 404, "model_not_found", `The model ${parsed.data.model} does not exist.`);
  if (countPromptTokens(parsed.data) > model.contextLength) {
    const message = `This model's maximum context length is ${model.contextLength} tokens.`;
    return sendError(response, 400, "context_length_exceeded", message, "messages");
  }
  const answers = Array.from({ length: parsed.data.n ?? 1 }, (_, choice) => {
    const answer = buildAnswer(parsed.data, state.seed, choice);
    return fault?.kind === "empty" ? emptyAnswer(answer) : answer;
  });
  state.usage.prompt_tokens += answers[0]?.promptTokens ?? 0;
  state.usage.completion_tokens += answers.reduce((sum, answer) => sum + answer.completionTokens, 0);
  const usage = fault?.kind !== "no_usage";
  if (!call.stream) return sendJson(response, 200, buildCompletion(parsed.data, answers, { usage }));
  await sendEvents(response, buildChunks(parsed.data, answers, { usage }), { fault, errorChunk });
}

async function embed(state: State, body: unknown, response: ServerResponse): Promise<void> {
  const parsed = EmbeddingRequest.safeParse(body);
  if (!parsed.success) return sendError(response, 400, "invalid_value", "Invalid value for input.", "input");
  record(state, "/v1/embeddings", parsed.data, response);
  const fault = state.faults.take();
  if (await failEarly(fault, response, wordError)) return;
  if (!findModel(parsed.data.model, "embedding")) {
    return sendError(response, 404, "model_not_found", `The model ${parsed.data.model} does not exist.`);
  }
  const inputs = Array.isArray(parsed.data.input) ? parsed.data.input : [parsed.data.input];
  const tokens = inputs.reduce((sum, text) => sum + countTokens(text), 0);
  state.usage.prompt_tokens += tokens;
  const data = inputs.map((text, index) => {
    const vector = buildEmbedding(text, embeddingDimension);
    const base64 = parsed.data.encoding_format === "base64";
    const embedding = base64 ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
    return { object: "embedding", index, embedding };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  sendJson(response, 200, { object: "list", data, model: parsed.data.model, usage });
}

function record(
  state: State,
  path: string,
  body: Parameters<typeof recordCall>[2],
  response: ServerResponse,
): RecordedCall {
  state.usage.requests += 1;
  return recordCall(state.calls, path, body, response);
}

function findModel(id: string, kind: "chat" | "embedding") {
  return simulatedModels.find((model) => model.id === id && model.kind === kind);
}

/** Also an error that hides in a 200. */
function wordError(code: number | string, errorType: string | undefined): unknown {
  const isStatus = typeof code === "number" && errorType === undefined;
  const type = isStatus && code < 500 ? "invalid_request_error" : "server_error";
  const metadata = errorType === undefined ? {} : { metadata: { error_type: errorType } };
  return { error: { message: "VENDOR TEXT: simulated failure.", type, param: null, code, ...metadata } };
}

function sendError(response: ServerResponse, status: number, code: string, message: string, param?: string): void {
  const type = status >= 500 ? "server_error" : "invalid_request_error";
  sendJson(response, status, { error: { message, type, param: param ?? null, code } });
}
