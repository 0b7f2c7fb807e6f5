import type { IncomingMessage, ServerResponse } from "node:http";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { createMcpHandler, type AuthInfo, type Server, type ServerNotifier } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import { AppError } from "../../errors/app-error.ts";
import type { Caller } from "../../approval/caller.ts";
import type { ServedRequests } from "../sdk-channel.ts";
import { exchange } from "./web-exchange.ts";
import type { RunningCalls } from "./running-calls.ts";

export interface SdkEndpointOptions {
  createServer(caller: Caller, served?: ServedRequests): Server;
  running: RunningCalls;
  maxBodyBytes: number;
  log: Logger;
}

type AuthenticatedRequest = IncomingMessage & { auth?: AuthInfo };

/** Everything the direct endpoint does not take: handshakes, prompts, resources, subscriptions, and every refusal. */
export function createSdkEndpoint(options: SdkEndpointOptions) {
  const onerror = (error: Error): void => options.log.debug({ err: error }, "protocol refusal");
  const modern = createMcpHandler(({ authInfo }) => options.createServer(callerOf(authInfo)), {
    legacy: "reject",
    maxRequestBodySize: options.maxBodyBytes,
    maxSubscriptions: 256,
    onerror,
  });

  async function serveModern(request: IncomingMessage, response: ServerResponse, caller: Caller, body: unknown) {
    const options = { authInfo: toAuthInfo(caller), parsedBody: body };
    await exchange(request, response, (asked) => modern.fetch(asked, options));
  }

  /**
   * One server and transport for one request of the 2025 era: there is no session to lose. JSON is cheaper than a
   * stream, but only a stream carries what a tool says on the way.
   */
  async function serveLegacy(
    request: AuthenticatedRequest,
    response: ServerResponse,
    call: { caller: Caller; body: unknown; asStream: boolean },
  ) {
    const { caller, body } = call;
    // Gone while its bearer was looked up: nobody would end what is begun here.
    if (response.closed) return;
    request.auth = toAuthInfo(caller);
    const cancelled = watchRequests(options.running, response, { caller, body });
    const server = options.createServer(caller, { cancelled });
    const transport = new NodeStreamableHTTPServerTransport({
      enableJsonResponse: !call.asStream,
      maxRequestBodySize: options.maxBodyBytes,
    });
    server.onerror = onerror;
    response.once("close", () => {
      server.close().catch(onerror);
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, body);
  }

  return { serveModern, serveLegacy, notify: modern.notify satisfies ServerNotifier, close: () => modern.close() };
}

/** A signal for each request of the body, by its id: it fires when the client cancels that one. */
function watchRequests(
  running: RunningCalls,
  response: ServerResponse,
  { caller, body }: { caller: Caller; body: unknown },
): ReadonlyMap<unknown, AbortSignal> {
  const signals = new Map<unknown, AbortSignal>();
  const ends: (() => void)[] = [];
  for (const message of Array.isArray(body) ? body : [body]) {
    const id: unknown = typeof message === "object" && message !== null && "method" in message && message.id;
    if (typeof id !== "string" && typeof id !== "number") continue;
    const controller = new AbortController();
    ends.push(running.add(caller.id, id, controller));
    signals.set(id, controller.signal);
  }
  response.once("close", () => ends.forEach((end) => end()));
  return signals;
}

function toAuthInfo(caller: Caller): AuthInfo {
  return { token: "", clientId: caller.id, scopes: [...caller.scopes], extra: { caller } };
}

function callerOf(authInfo: AuthInfo | undefined): Caller {
  const caller = authInfo?.extra?.["caller"];
  if (caller === undefined) throw new AppError("denied", "The request carries no caller.");
  // Put there by toAuthInfo, the only writer.
  return caller as Caller;
}
