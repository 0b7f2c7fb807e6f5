import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type AddressPolicy, bareHost, portOf } from "@sophia/core/http/address";
import { findAllowedAddresses, type Resolve } from "@sophia/core/http/guarded-dispatcher";

export interface GuardedProxy {
  port: number;
  /** Requests that led to an address which is not fetched. */
  readonly refused: number;
  close(): Promise<void>;
}

export interface GuardedProxyOptions {
  policy: AddressPolicy;
  resolve?: Resolve;
  /** What all requests together may bring in. */
  maxBytes: number;
  onOver(): void;
}

const idleMs = 20_000;
const maxSockets = 64;
/** Of one connection, not of what is beyond it. https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const hopHeaders = new Set(["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade"]);

/**
 * The only way out of a browser: names are resolved here, each address is checked, and the one that was checked is
 * connected to. What a page loads, redirects to or opens a socket to comes through here, with or without TLS.
 */
export async function createGuardedProxy(options: GuardedProxyOptions): Promise<GuardedProxy> {
  const ways = new ProxyWays(options);
  const server = createServer((request, response) => {
    // No answer at all: a status would look like one of the site's.
    forward(request, response, ways).catch(() => response.destroy());
  });
  server.on("connection", (socket) => ways.keep(socket));
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => client.destroy());
    tunnel(request, { client, head }, ways).catch(() => client.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
  });
  server.on("clientError", (_error, socket) => void socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get refused() {
      return ways.refused;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        ways.cut();
      }),
  };
}

/** What is open to the outside, and what may be opened. */
class ProxyWays implements Ways {
  refused = 0;
  #isOver = false;
  #bytes = 0;
  readonly #options: GuardedProxyOptions;
  readonly #sockets = new Set<Duplex>();

  constructor(options: GuardedProxyOptions) {
    this.#options = options;
  }

  check(text: string): URL {
    try {
      return this.#options.policy.checkUrl(text);
    } catch (error) {
      this.refused += 1;
      throw error;
    }
  }

  async open(url: URL): Promise<Socket> {
    if (this.#isOver || this.#sockets.size > maxSockets) throw new Error("no more");
    const port = portOf(url);
    const host = bareHost(url);
    const addresses = await findAllowedAddresses(host, port, this.#options).catch((error: unknown) => {
      this.refused += 1;
      throw error;
    });
    // Not looked up a second time, in which the name might lead elsewhere.
    const lookup: LookupFunction = (_host, _options, done) => done(null, addresses);
    const socket = connect({ host, port, autoSelectFamily: true, lookup });
    this.keep(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => this.#count(chunk));
    return socket;
  }

  keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #count(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#options.maxBytes || this.#isOver) return;
    // Everything is cut from then on.
    this.#isOver = true;
    this.cut();
    this.#options.onOver();
  }
}

interface Ways {
  check(text: string): URL;
  open(url: URL): Promise<Socket>;
}

async function forward(request: IncomingMessage, response: ServerResponse, ways: Ways): Promise<void> {
  const url = ways.check(request.url ?? "");
  const socket = await ways.open(url);
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopHeaders.has(name)));
  const upstream = openRequest({
    createConnection: () => socket,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host, connection: "close" },
    setHost: false,
  });
  upstream.on("error", () => response.destroy());
  upstream.on("response", (answer) => {
    const kept = Object.entries(answer.headers).filter(
      ([name]) => !hopHeaders.has(name) && name !== "transfer-encoding",
    );
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept) as Record<string, string>);
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  });
  response.once("close", () => upstream.destroy());
  request.pipe(upstream);
}

async function tunnel(
  request: IncomingMessage,
  { client, head }: { client: Duplex; head: Buffer },
  ways: Ways,
): Promise<void> {
  const socket = await ways.open(ways.check(`https://${request.url ?? ""}/`));
  socket.once("connect", () => {
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    socket.write(head);
    socket.pipe(client);
    client.pipe(socket);
  });
  socket.once("close", () => client.destroy());
  client.once("close", () => socket.destroy());
}
