import type { IncomingMessage, ServerResponse } from "node:http";
import { NodeStreamableHTTPServerTransport, toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, type AuthInfo, type Server, type ServerNotifier } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import { AppError } from "../../errors/app-error.ts";
import type { Caller } from "../define-tool.ts";

export interface SdkEndpointOptions {
  createServer(caller: Caller): Server;
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
  const modernHandler = toNodeHandler(modern);

  async function serveModern(request: AuthenticatedRequest, response: ServerResponse, caller: Caller, body: unknown) {
    request.auth = toAuthInfo(caller);
    await modernHandler(request as never, response as never, body);
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
    request.auth = toAuthInfo(caller);
    const server = options.createServer(caller);
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

function toAuthInfo(caller: Caller): AuthInfo {
  return { token: "", clientId: caller.id, scopes: [...caller.scopes], extra: { caller } };
}

function callerOf(authInfo: AuthInfo | undefined): Caller {
  const caller = authInfo?.extra?.["caller"];
  if (caller === undefined) throw new AppError("denied", "The request carries no caller.");
  // Put there by toAuthInfo, the only writer.
  return caller as Caller;
}
