import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface RawRequest {
  /** E.g. `POST /v1/chat/completions`. */
  route: string;
  /** With the request line. */
  head: string;
  body: string;
}

/** May do anything with the socket: what a server library would not let a test send goes out all the same. */
export type RawAnswer = (socket: Socket, request: RawRequest) => void;

export interface RawUpstream {
  port: number;
  url: string;
  /** Whole requests, in order. */
  requests: RawRequest[];
  /** Open at the moment. */
  readonly connections: number;
  /** Ever accepted. */
  readonly accepted: number;
  /** For every request from now on. */
  answer(next: RawAnswer): void;
  stop(): Promise<void>;
}

/** A server that writes its answers byte by byte as the test says, on connections that are kept alive. */
export async function startRawUpstream(
  options: { answer?: RawAnswer; tls?: { key: string; cert: string } } = {},
): Promise<RawUpstream> {
  let answer: RawAnswer = options.answer ?? (() => undefined);
  const requests: RawRequest[] = [];
  const open = new Set<Socket>();
  let accepted = 0;

  function accept(socket: Socket): void {
    accepted++;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let next = takeRequest(received); next; next = takeRequest(received)) {
        received = next.rest;
        requests.push(next.request);
        answer(socket, next.request);
      }
    });
  }

  const server: Server = options.tls ? createTlsServer(options.tls, accept) : createServer(accept);
  // A handshake that fails is what some tests are about.
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    get connections() {
      return open.size;
    },
    get accepted() {
      return accepted;
    },
    answer(next) {
      answer = next;
    },
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function takeRequest(received: Buffer): { request: RawRequest; rest: Buffer } | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  const bodyStart = headEnd + 4;
  const bodyEnd = bodyStart + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (received.length < bodyEnd) return undefined;
  const route = /^\S+ [^\s?]+/.exec(head)?.[0] ?? "";
  const body = received.toString("utf8", bodyStart, bodyEnd);
  return { request: { route, head, body }, rest: received.subarray(bodyEnd) };
}

/** An answer with a true content-length, unless the headers say another. */
export function rawReply(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = "",
): Buffer {
  const bytes = Buffer.from(body);
  const isFramed = "content-length" in headers || "transfer-encoding" in headers || headers["connection"] === "close";
  const all = { ...headers, ...(!isFramed && { "content-length": String(bytes.length) }) };
  return Buffer.concat([rawHead(status, all), bytes]);
}

export function rawHead(status: number, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} Some\r\n${lines.join("")}\r\n`, "latin1");
}

/** One chunk of a chunked body; without text, the last. */
export function rawChunk(text = ""): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}
