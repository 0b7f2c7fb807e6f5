import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Server } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import type { Caller } from "../define-tool.ts";

/** Whoever starts the process owns it: the caller over stdio may read and write, and approves nothing. */
export const stdioCaller: Caller = { id: "stdio", name: "stdio", scopes: ["read", "write"] };

/** Serves one client over standard input and output until it closes its end. */
export async function listenStdio(createServer: (caller: Caller) => Server, log: Logger): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const handle = serveStdio(() => createServer(stdioCaller), {
    onerror: (error) => log.debug({ err: error }, "protocol refusal"),
  });
  process.stdin.once("end", resolve);
  process.stdin.once("close", resolve);
  await ended;
  await handle.close();
}
