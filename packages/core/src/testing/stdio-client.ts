import { PassThrough, type Writable } from "node:stream";
import { pino } from "pino";
import { createProver } from "../mcp/transport/server-proof.ts";
import { StdioProxy } from "../mcp/transport/stdio-proxy.ts";
import { createStdioServer } from "../mcp/transport/stdio-server.ts";
import { StdioSession } from "../mcp/transport/stdio-session.ts";
import { StdioWriter } from "../mcp/transport/stdio-writer.ts";
import { rpc, type Era } from "./raw-http.ts";
import { planKey, type startTestServer } from "./test-server.ts";

export const stdioWays = ["in this process", "through a running server"] as const;
export type StdioWay = (typeof stdioWays)[number];

/** Tests look into messages freely, and fail on what is missing. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Message = any;

/** A stdio client of a test server that says what the test says, byte for byte. */
export async function openStdioClient(
  way: StdioWay,
  server: Awaited<ReturnType<typeof startTestServer>>,
  options: { graceMs?: number; maxLineBytes?: number; output?: Writable } = {},
) {
  const input = new PassThrough();
  const received: Message[] = [];
  const writer = new StdioWriter(options.output ?? collect(received));
  const log = pino({ level: "silent" });
  const backend =
    way === "in this process"
      ? createStdioServer(server.createServer, writer, log)
      : new StdioProxy(
          {
            host: "127.0.0.1",
            port: server.port,
            bearer: await server.bearer(),
            prove: createProver(planKey, "ai"),
          },
          writer,
          log,
        );
  const stop = new AbortController();
  const ended = new StdioSession({
    input,
    writer,
    backend,
    maxLineBytes: options.maxLineBytes ?? 4 * 1024 * 1024,
    graceMs: options.graceMs ?? 5_000,
    stop: stop.signal,
    log,
  }).serve();
  return {
    input,
    received,
    ended,
    stop,
    say: (text: string) => input.write(`${text}\n`),
    call(era: Era, name: string, values: object, id: unknown, meta?: object) {
      const params = { name, arguments: values, ...(meta ? { _meta: meta } : {}) };
      return input.write(`${rpc(era, "tools/call", params, id).body}\n`);
    },
    cancel(requestId: unknown) {
      const params = { requestId, reason: "test" };
      input.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params })}\n`);
    },
    answerTo: (id: unknown) => received.find((message) => message.id === id && !("method" in message)) as Message,
    async close() {
      input.end();
      await ended;
    },
  };
}

function collect(received: Message[]): Writable {
  const output = new PassThrough();
  let text = "";
  output.on("data", (chunk: Buffer) => {
    const lines = (text + chunk.toString()).split("\n");
    text = lines.pop() ?? "";
    received.push(...lines.map((line) => JSON.parse(line) as Message));
  });
  return output;
}
