import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import {
  isInitializeRequest,
  type EventId,
  type EventStore,
  type JSONRPCMessage,
  type Server,
} from "@modelcontextprotocol/server";
import type { Caller } from "../../approval/caller.ts";
import type { ServedRequests } from "../sdk-channel.ts";
import { sendJsonRpcError } from "./json-rpc-error.ts";

export interface SessionOptions {
  createServer(caller: Caller, served: ServedRequests): Server;
  maxSessions: number;
  idleMs: number;
}

interface Session {
  caller: string;
  transport: NodeStreamableHTTPServerTransport;
  server: Server;
  lastUsedAt: number;
}

const maxEventsPerSession = 256;

/**
 * Sessions of the 2025 era. Off by default: Cursor keeps a dead session id after a server restart and stays broken
 * until toggled, and a stateless leg has no session to lose. With it, elicitation and sampling work for 2025 clients.
 */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller, body: unknown): Promise<void> {
    const id = request.headers["mcp-session-id"];
    if (id === undefined) {
      if (!isInitializeRequest(body)) {
        sendJsonRpcError(response, { status: 400, code: -32_000, message: "Bad Request: Session ID required" });
        return;
      }
      await this.#open(request, response, caller, body);
      return;
    }
    const session = typeof id === "string" ? this.#sessions.get(id) : undefined;
    // Another caller's id is answered like an unknown one: knowing an id proves nothing (CVE-2026-25536).
    if (!session || session.caller !== caller.id) {
      sendJsonRpcError(response, { status: 404, code: -32_001, message: "Session not found" });
      return;
    }
    session.lastUsedAt = performance.now();
    await session.transport.handleRequest(request, response, body);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.server.close()));
    this.#sessions.clear();
  }

  async #open(request: IncomingMessage, response: ServerResponse, caller: Caller, body: unknown): Promise<void> {
    this.#evictIdle();
    if (this.#sessions.size >= this.#options.maxSessions) {
      sendJsonRpcError(response, {
        status: 503,
        code: -31_003,
        message: "Too many open sessions",
        headers: { "retry-after": "5" },
      });
      return;
    }
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: createEventStore(),
      retryInterval: 1_000,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { caller: caller.id, transport, server, lastUsedAt: performance.now() });
      },
      onsessionclosed: (id) => {
        this.#sessions.delete(id);
      },
    });
    const server = this.#options.createServer(caller, {
      stream: { close: (requestId) => transport.closeSSEStream(requestId) },
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, body);
  }

  #evictIdle(): void {
    const oldest = performance.now() - this.#options.idleMs;
    for (const [id, session] of this.#sessions) {
      if (session.lastUsedAt >= oldest) continue;
      this.#sessions.delete(id);
      session.server.close().catch(() => {});
    }
  }
}

/** The last events of one session, so that a reader that was cut off can go on (SEP-1699). Bounded. */
function createEventStore(): EventStore {
  const events = new Map<EventId, { streamId: string; message: JSONRPCMessage }>();
  let counter = 0;
  return {
    async storeEvent(streamId, message) {
      const id = `${streamId}_${String(++counter).padStart(12, "0")}`;
      events.set(id, { streamId, message });
      if (events.size > maxEventsPerSession) {
        const oldest = events.keys().next().value;
        if (oldest !== undefined) events.delete(oldest);
      }
      return id;
    },
    async getStreamIdForEventId(id) {
      return events.get(id)?.streamId;
    },
    async replayEventsAfter(lastId, { send }) {
      const streamId = events.get(lastId)?.streamId ?? "";
      for (const [id, event] of events) {
        if (event.streamId !== streamId || id <= lastId) continue;
        // A priming event carries no message; replaying it would send an empty frame.
        if (Object.keys(event.message).length > 0) await send(id, event.message);
      }
      return streamId;
    },
  };
}
