import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface LocalSite {
  origin: string;
  /** `127.0.0.1:PORT`, as SOPHIA_DATA_ALLOW_PRIVATE takes it. */
  place: string;
  /** Paths asked for, in order. */
  asked: string[];
  stop(): Promise<void>;
}

/** A real web site on loopback. Pages may be changed while it runs. */
export async function startLocalSite(
  pages: Record<string, string | ((request: IncomingMessage, response: ServerResponse) => void)>,
): Promise<LocalSite> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    asked.push(path);
    const page = pages[path];
    if (typeof page === "function") {
      page(request, response);
      return;
    }
    response.writeHead(page === undefined ? 404 : 200, {
      "content-type": path.endsWith(".txt") ? "text/plain" : "text/html; charset=utf-8",
    });
    response.end(page ?? "<h1>Not here</h1>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    place: `127.0.0.1:${port}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
