/** The physical limit: node:http, JSON in, JSON out, nothing checked. */
import { createServer } from "node:http";
import { echo } from "./tools.ts";

const http = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const message = JSON.parse(Buffer.concat(chunks).toString());
    const text = echo(message.params.arguments ?? { text: "" });
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: message.id,
      result: { content: [{ type: "text", text: JSON.stringify({ text }) }], structuredContent: { text } },
    });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
http.listen(0, "127.0.0.1", () => process.send?.(http.address()));
