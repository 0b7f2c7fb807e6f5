/** The least a gateway on this runtime can cost: node:http in, `Pool.dispatch` out, bytes passed on. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

const pool = new Pool(process.argv[2] ?? "", { connections: 64 });
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const headers = { "content-type": "application/json" };
    pool.dispatch(
      { path: request.url ?? "/", method: "POST", headers, body: Buffer.concat(chunks) },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, answered) {
          response.writeHead(status, { "content-type": answered["content-type"] ?? "application/json" });
        },
        onResponseData: (_controller, chunk) => void response.write(chunk),
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    );
  });
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
