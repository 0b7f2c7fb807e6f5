import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

// Speaks the child's half of the supervision protocol like a real server, and breaks in every way a test asks for.
const port = Number(process.env["SOPHIA_PORT_FIXTURE"]);
const mode = process.env["SOPHIA_FIXTURE_MODE"] ?? "";
if (mode === "misconfigured") {
  process.stderr.write("SOPHIA_FIXTURE_KEY is not a key\n");
  process.exit(78);
}
if (mode === "crash") throw new Error(`broken build, key=${process.env["SOPHIA_FIXTURE_SECRET"] ?? ""}`);

const hoard: string[][] = [];
let calls = 0;
let draining = false;

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void> | void> = {
  "/": (_request, response) => void response.end(String(process.pid)),
  "/environment": (_request, response) => void response.end(JSON.stringify(process.env)),
  "/slow": async (_request, response) => {
    await delay(1_000);
    response.end("done");
  },
  "/stuck": () => {},
  "/spin": () => {
    for (;;) Math.sqrt(calls);
  },
  "/throw": () => {
    setImmediate(() => {
      throw new Error("outside any call");
    });
  },
  "/hoard": () => {
    for (;;) hoard.push(Array.from({ length: 100_000 }, (_, index) => `${index} of ${hoard.length}`));
  },
  "/restart-other": (_request, response) => {
    process.send?.({ type: "restart-request", server: "other", planId: "pl_1" });
    response.end("asked");
  },
  "/grandchild": (_request, response) => {
    response.end(String(spawn("sleep", ["300"], { stdio: "ignore" }).pid));
  },
};

const server = createServer((request, response) => {
  if (draining) return void response.writeHead(503, { "retry-after": "1" }).end();
  calls += 1;
  response.once("close", () => (calls -= 1));
  void routes[request.url ?? "/"]?.(request, response);
});

async function drain(): Promise<void> {
  if (draining) process.exit(1);
  draining = true;
  process.send?.({ type: "draining" });
  while (calls > 0) await delay(10);
  process.exit(0);
}

process.on("SIGTERM", () => void drain());
process.on("message", (message) => {
  if (typeof message === "object" && message !== null && "type" in message && message.type === "shutdown") void drain();
});
process.on("disconnect", () => process.exit(1));
server.listen(port, "127.0.0.1", () => {
  process.send?.({ type: "ready", port, url: `http://127.0.0.1:${port}`, pid: process.pid });
  setInterval(() => process.send?.({ type: "heartbeat" }), 250);
});
