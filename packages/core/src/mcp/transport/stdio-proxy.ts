import type { Socket } from "node:net";
import {
  isJSONRPCErrorResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  parseJSONRPCMessage,
  PROTOCOL_VERSION_META_KEY,
} from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import { Agent, type buildConnector, type Dispatcher } from "undici";
import { readLines } from "./stdio-lines.ts";
import { formatErrorLine } from "./stdio-message.ts";
import { openProven, type RunningServer } from "./stdio-running-server.ts";
import type { StdioBackend } from "./stdio-session.ts";
import type { StdioWriter } from "./stdio-writer.ts";

/** Calls end at 55 s on the server; streams of subscriptions stay open, kept alive by comments every 15 s. */
const headersTimeoutMs = 60_000;
const bodyTimeoutMs = 60_000;
/** No answer is nearly as long: answers are cut on the server. */
const maxEventBytes = 64 * 1024 * 1024;
const notAnswering = -31_000;

/**
 * Passes a stdio client's requests to the server that `sophia up` already runs on this data directory. Two servers on
 * one directory would each run the schedules; a proxy has nothing to disagree about.
 */
export class StdioProxy implements StdioBackend {
  readonly #server: RunningServer;
  readonly #writer: StdioWriter;
  readonly #log: Logger;
  readonly #agent: Agent;
  /** What `initialize` agreed upon; over HTTP each later request of the 2025 era repeats it. */
  #agreedVersion: string | undefined;

  constructor(server: RunningServer, writer: StdioWriter, log: Logger) {
    this.#server = server;
    this.#writer = writer;
    this.#log = log;
    // Each connection proves itself: while this process lives, the port may change hands.
    this.#agent = new Agent({
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      connect: (_options, callback) => void connectProven(server, callback),
    });
  }

  async request(request: JSONRPCRequest, line: Buffer, signal: AbortSignal): Promise<void> {
    try {
      const response = await this.#agent.request({
        origin: originOf(this.#server),
        path: "/mcp",
        method: "POST",
        signal,
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          authorization: `Bearer ${this.#server.bearer}`,
          ...this.#versionHeaders(request),
        },
        body: line,
      });
      await this.#passOn(request, response);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#log.warn({ err: thrown }, "the running server did not answer");
      const message =
        "The running server does not answer. Start it with `npm start`, or connect anew to do without it.";
      this.#writer.send(formatErrorLine(request.id, notAnswering, message));
    }
  }

  /** Over HTTP the server keeps nothing between requests: a notification changes nothing there. A cancelled request is aborted. */
  tell(): void {}

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #passOn(request: JSONRPCRequest, { headers, body }: Dispatcher.ResponseData): Promise<void> {
    if (!String(headers["content-type"] ?? "").startsWith("text/event-stream")) {
      this.#send(request, await body.text());
      return;
    }
    let isAnswered = false;
    for await (const event of readLines(body, maxEventBytes)) {
      const text = event.toString();
      if (!text.startsWith("data:") || text.slice(5).trim() === "") continue;
      isAnswered = this.#send(request, text.slice(5).trim()) || isAnswered;
      // Not reading on makes the server wait, and it knows what to leave out.
      await this.#writer.ready();
    }
    if (!isAnswered) throw new Error("The stream ended before the answer.");
  }

  /** Writes one message of the server; true for the answer to the request. */
  #send(request: JSONRPCRequest, text: string): boolean {
    const message = parseJSONRPCMessage(JSON.parse(text));
    if (isJSONRPCErrorResponse(message) && (message.id ?? null) === null) {
      // Refusals before the body was read carry no id; over stdio the client could not match them.
      this.#writer.send(JSON.stringify({ ...message, id: request.id }));
      return true;
    }
    if (request.method === "initialize") this.#agreedVersion = versionOf(message);
    this.#writer.send(text.replaceAll("\n", " "));
    return isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message);
  }

  /** The headers that stand beside the body over HTTP; stdio has none. */
  #versionHeaders({ method, params }: JSONRPCRequest): Record<string, string> {
    const version = params?._meta?.[PROTOCOL_VERSION_META_KEY];
    if (typeof version !== "string" || !isHeaderText(version) || !isHeaderText(method)) {
      return this.#agreedVersion === undefined ? {} : { "mcp-protocol-version": this.#agreedVersion };
    }
    const name = params?.["name"] ?? params?.["uri"];
    return {
      "mcp-protocol-version": version,
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": headerValue(name) } : {}),
    };
  }
}

async function connectProven({ host, port, prove }: RunningServer, callback: buildConnector.Callback): Promise<void> {
  let socket: Socket;
  try {
    socket = await openProven(host, port, prove);
  } catch (thrown) {
    callback(thrown as Error, null);
    return;
  }
  callback(null, socket);
}

function originOf({ host, port }: RunningServer): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function versionOf(message: JSONRPCMessage): string | undefined {
  const version = isJSONRPCResultResponse(message) ? message.result["protocolVersion"] : undefined;
  return typeof version === "string" && isHeaderText(version) ? version : undefined;
}

/** Text that does not fit a header travels as a Base64 sentinel (SEP-2243). */
function headerValue(text: string): string {
  const fits = isHeaderText(text) && !text.startsWith("=?base64?");
  return fits ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

function isHeaderText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
