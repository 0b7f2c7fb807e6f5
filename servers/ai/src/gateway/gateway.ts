import { toAppError } from "@sophia/core/errors/app-error";
import type { HttpRoute } from "@sophia/core/mcp/platform";
import type { Logger } from "pino";
import { answerChat } from "./chat-route.ts";
import { answerEmbeddings } from "./embeddings-route.ts";
import { type Answerer, type Exchange, type GatewayServices, sendJson } from "./exchange.ts";
import { answerModels } from "./models-route.ts";
import { answerRerank } from "./rerank-route.ts";
import { toErrorBody, toErrorHead } from "./openai-error.ts";

/** The OpenAI HTTP API on the server's own port: an application gets cache and ledger by changing its base URL. */
export function createGateway(services: GatewayServices): HttpRoute[] {
  return [
    createRoute("POST", "/v1/chat/completions", answerChat, services),
    createRoute("POST", "/v1/embeddings", withRequestId(answerEmbeddings), services),
    createRoute("POST", "/v1/rerank", withRequestId(answerRerank), services),
    createRoute("GET", "/v1/models", withRequestId(answerModels), services),
  ];
}

/** Chat writes its head in one piece; the others add to it as they go. */
function withRequestId(answer: Answerer): Answerer {
  return (exchange, services) => {
    exchange.response.setHeader("x-sophia-request-id", exchange.requestId);
    return answer(exchange, services);
  };
}

function createRoute(
  method: HttpRoute["method"],
  path: string,
  answer: Answerer,
  services: GatewayServices,
): HttpRoute {
  return {
    method,
    path,
    async handle(exchange) {
      try {
        await answer(exchange, services);
      } catch (thrown) {
        sendError(exchange, thrown, services.log);
      }
    },
  };
}

function sendError({ response, signal, requestId }: Exchange, thrown: unknown, log: Logger): void {
  // The caller went away: there is nobody to tell.
  if (signal.aborted || response.destroyed) return;
  const error = toAppError(thrown);
  log[error.kind === "internal" ? "error" : "debug"](
    { err: thrown, requestId, kind: error.kind },
    "gateway call failed",
  );
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers } = toErrorHead(error);
  response.setHeader("x-sophia-request-id", requestId);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, toErrorBody(error), status);
}
