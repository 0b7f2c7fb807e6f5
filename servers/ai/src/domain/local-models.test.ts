import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { findLocalModels } from "./local-models.ts";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(body: unknown, status = 200): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/v1/models" ? status : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

test("only what answers with a list of models in the OpenAI shape counts", async () => {
  const models = { object: "list", data: [{ id: "llama3" }] };
  const good = await serve(models);
  const others = await Promise.all([
    serve({ data: [{ id: "llama3" }] }),
    serve({ object: "list", data: [] }),
    serve({ hello: "world" }),
    serve(models, 503),
  ]);
  const urls = [...others, "http://127.0.0.1:1/v1", good];
  expect(await findLocalModels(urls, { log: pino({ level: "silent" }), clock: systemClock })).toEqual([good]);
});
