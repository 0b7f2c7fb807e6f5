import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { buildAnswer, buildEmbedding, countPromptTokens, countTokens } from "./answer.ts";
import { buildChunks, buildCompletion } from "./chat-replies.ts";
import { ChatRequest, EmbeddingRequest } from "./chat-request.ts";
import { createFaultSwitch, type Fault, type FaultSwitch } from "./faults.ts";
import { buildModelList, simulatedModels } from "./models.ts";

export interface OpenAiSimulatorOptions {
  seed?: number;
  /** Required as bearer when given. */
  apiKey?: string;
  /** Default: any free port. */
  port?: number;
}

/** One call to a model, as it arrived. */
export interface RecordedCall {
  path: string;
  model: string;
  stream: boolean;
  body: Record<string, unknown>;
  /** The caller went away before the end of the answer. */
  abandoned: boolean;
}

export interface OpenAiSimulator {
  /** Base URL with `/v1`. */
  url: string;
  faults: FaultSwitch;
  calls(): readonly RecordedCall[];
  close(): Promise<void>;
}

const embeddingDimension = 64;
const bodyLimitBytes = 8 * 1024 * 1024;

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
  const server = createServer((request, response) => {
    handle(state, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    faults: state.faults,
    calls: () => state.calls,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface State {
  seed: number;
  apiKey: string | undefined;
  faults: FaultSwitch;
  calls: RecordedCall[];
  usage: { requests: number; prompt_tokens: number; completion_tokens: number };
}

/** The newest are kept: a simulator may run for weeks. */
const callsKept = 2_000;

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (state.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.apiKey}`) {
    sendError(response, 401, "invalid_api_key", "Incorrect API key provided: sk-visible-to-vendor.");
    return;
  }
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
  if (fault && (await failEarly(fault, response))) return;
  const model = findModel(parsed.data.model, "chat");
  if (!model) return sendError(response, 404, "model_not_found", `The model ${parsed.data.model} does not exist.`);
  if (countPromptTokens(parsed.data) > model.contextLength) {
    const message = `This model's maximum context length is ${model.contextLength} tokens.`;
    return sendError(response, 400, "context_length_exceeded", message, "messages");
  }
  const answers = Array.from({ length: parsed.data.n ?? 1 }, (_, choice) =>
    buildAnswer(parsed.data, state.seed, choice),
  );
  state.usage.prompt_tokens += answers[0]?.promptTokens ?? 0;
  state.usage.completion_tokens += answers.reduce((sum, answer) => sum + answer.completionTokens, 0);
  const usage = fault?.kind !== "no_usage";
  if (!call.stream) return sendJson(response, 200, buildCompletion(parsed.data, answers, { usage }));
  await sendEvents(response, buildChunks(parsed.data, answers, { usage }), fault);
}

async function embed(state: State, body: unknown, response: ServerResponse): Promise<void> {
  const parsed = EmbeddingRequest.safeParse(body);
  if (!parsed.success) return sendError(response, 400, "invalid_value", "Invalid value for input.", "input");
  record(state, "/v1/embeddings", parsed.data, response);
  const fault = state.faults.take();
  if (fault && (await failEarly(fault, response))) return;
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
  body: { model: string; stream?: boolean | null | undefined; [name: string]: unknown },
  response: ServerResponse,
): RecordedCall {
  const call = { path, model: body.model, stream: body.stream === true, body, abandoned: false };
  state.usage.requests += 1;
  state.calls.push(call);
  if (state.calls.length > callsKept) state.calls.shift();
  response.once("close", () => {
    call.abandoned = !response.writableFinished;
  });
  return call;
}

function findModel(id: string, kind: "chat" | "embedding") {
  return simulatedModels.find((model) => model.id === id && model.kind === kind);
}

/** Faults that replace the whole answer. True when it has been given. */
async function failEarly(fault: Fault, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case "status":
      if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
      if (fault.body === undefined) sendError(response, fault.status, "simulated", "VENDOR TEXT: simulated failure.");
      else sendJson(response, fault.status, fault.body);
      return true;
    case "error_in_200": {
      const error = {
        code: fault.code ?? 502,
        message: "VENDOR TEXT: provider failed",
        metadata: { error_type: fault.errorType },
      };
      sendJson(response, 200, { error });
      return true;
    }
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<html>VENDOR TEXT: maintenance</html>");
      return true;
    case "slow":
      await delay(fault.delayMs);
      return response.destroyed;
    case "error_in_stream":
    case "cut":
    case "end_early":
    case "stall":
    case "malformed_event":
    case "no_usage":
      return false;
  }
}

async function sendEvents(
  response: ServerResponse,
  chunks: readonly unknown[],
  fault: Fault | undefined,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const [index, chunk] of chunks.entries()) {
    if (response.destroyed) return;
    if (fault && "afterEvents" in fault && fault.afterEvents === index) {
      if (breakStream(response, fault.kind)) return;
    }
    await send(response, `data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

/** True when nothing more may be sent. */
function breakStream(response: ServerResponse, kind: Fault["kind"]): boolean {
  if (kind === "cut") {
    // In the middle of a token, so that half an event is on the wire.
    response.write('data: {"id":"chatcmpl-sim","choices":[{"delta":{"content":"hal', () => response.destroy());
  } else if (kind === "end_early") response.end();
  else if (kind === "malformed_event") response.write("data: {this is not JSON\n\n");
  else if (kind === "error_in_stream") {
    const error = { code: 502, message: "VENDOR TEXT: provider disconnected" };
    response.end(`data: ${JSON.stringify({ error, choices: [{ index: 0, delta: {}, finish_reason: "error" }] })}\n\n`);
  }
  return kind !== "malformed_event";
}

async function send(response: ServerResponse, text: string): Promise<void> {
  if (response.write(text)) return;
  await new Promise<void>((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new Error("request body over the limit");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": bytes.length,
    "x-request-id": "req_simulated",
  });
  response.end(bytes);
}

function sendError(response: ServerResponse, status: number, code: string, message: string, param?: string): void {
  const type = status >= 500 ? "server_error" : "invalid_request_error";
  sendJson(response, status, { error: { message, type, param: param ?? null, code } });
}
