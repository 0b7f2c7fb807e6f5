import {
  isJSONRPCErrorResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
  type Server,
  type Transport,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Logger } from "pino";
import type { Caller } from "../../approval/caller.ts";
import type { StdioBackend } from "./stdio-session.ts";
import type { StdioWriter } from "./stdio-writer.ts";

/** Whoever starts the process owns it: the caller over stdio may read and write, and approves nothing. */
const stdioCaller: Caller = { id: "stdio", name: "stdio", scopes: ["read", "write"] };

/** Serves one stdio client from this process. */
export function createStdioServer(
  createServer: (caller: Caller) => Server,
  writer: StdioWriter,
  log: Logger,
): StdioBackend {
  const wire = new StdioWire(writer);
  const handle = serveStdio(() => createServer(stdioCaller), {
    transport: wire,
    onerror: (error) => log.debug({ err: error }, "protocol refusal"),
  });
  return {
    async request(request, _line, signal) {
      const answered = wire.whenAnswered(request.id, signal);
      wire.onmessage?.(request);
      await answered;
    },
    tell: (message) => wire.onmessage?.(message),
    close: () => handle.close(),
  };
}

/**
 * The SDK's end of the connection. The SDK's own transport answers no line it cannot parse, closes on an overlong
 * one, and forgets what is under way when stdin ends.
 */
class StdioWire implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;
  readonly #writer: StdioWriter;
  readonly #pending = new Map<RequestId, Set<() => void>>();

  constructor(writer: StdioWriter) {
    this.#writer = writer;
  }

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage): Promise<void> {
    this.#writer.send(JSON.stringify(message));
    if ((isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) && message.id !== undefined) {
      for (const settle of this.#pending.get(message.id) ?? []) settle();
    }
    await this.#writer.ready();
  }

  async close(): Promise<void> {
    this.onclose?.();
  }

  /** Resolves when the request is answered or given up: the SDK does not answer what was cancelled. */
  async whenAnswered(id: RequestId, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const same = this.#pending.get(id) ?? new Set();
    same.add(resolve);
    this.#pending.set(id, same);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    same.delete(resolve);
    if (same.size === 0) this.#pending.delete(id);
  }
}
