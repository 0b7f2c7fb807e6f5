import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { type AnyClient, connectLegacy } from "./clients.ts";
import { exampleCalls } from "./example-calls.ts";
import { serverIds } from "./start-servers.ts";

/** A model server that repeats the key it was sent, in errors, in answers and in headers. */
export async function startParrot(): Promise<{ url: string; keys: Set<string>; close(): void }> {
  const keys = new Set<string>();
  const parrot = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      const key = request.headers.authorization ?? "";
      keys.add(key);
      response.writeHead(status, { "content-type": "application/json", "x-request-id": key });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => parrot.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(parrot.address() as AddressInfo).port}/v1`, keys, close: () => parrot.close() };
}

async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const key = request.headers.authorization ?? "";
  if (request.url === "/v1/models") return { status: 200, body: { data: [{ id: "parrot", owned_by: key }] } };
  const question = await text(request);
  if (question.includes("refuse")) return { status: 401, body: { error: { message: `Incorrect API key: ${key}` } } };
  const message = { role: "assistant", content: `Your key is ${key}` };
  return {
    status: 200,
    body: { id: "1", model: "parrot", choices: [{ index: 0, message, finish_reason: "stop" }], usage: {} },
  };
}

/** All four servers at once: most of it is waiting for services that are not there. */
export async function callAllServers(
  { urls, pageUrl, bearer }: { urls: readonly string[]; pageUrl: string; bearer: string },
  places: Map<string, string>,
): Promise<void> {
  const calls = serverIds.map(async (id, index) => {
    const url = urls[index] ?? "";
    const client = await connectLegacy({ kind: "http", url, bearer });
    await callEverything({ client, id, places }, exampleCalls(pageUrl)[id] ?? {});
    await client.close();
    await askOverHttp(url, bearer, places);
  });
  await Promise.all(calls);
}

/** Every tool of a server, with its example and with nonsense; what is answered goes to `places`. */
async function callEverything(
  { client, id, places }: { client: AnyClient; id: string; places: Map<string, string> },
  examples: Record<string, Record<string, unknown>>,
): Promise<void> {
  async function call(name: string, values: Record<string, unknown>): Promise<unknown> {
    const result = await client.callTool({ name, arguments: values }).catch((thrown: unknown) => String(thrown));
    places.set(`${id} ${name} ${JSON.stringify(values).slice(0, 60)}`, JSON.stringify(result));
    return result;
  }
  const { tools } = await client.listTools();
  places.set(`${id} tools/list`, JSON.stringify(tools));
  for (const { name } of tools) {
    await call(name, examples[name] ?? {});
    await call(name, { wrong: "arguments" });
  }
  const further = JSON.stringify(await call("find_tools", {}));
  const names = [...further.matchAll(/\\?"name\\?":\s*\\?"(\w+)/g)].map(([, name = ""]) => name);
  expect(names.length, further).toBeGreaterThan(0);
  for (const name of new Set(names)) await call("run_tool", { tool: name, arguments: {} });
  if (id === "ai") await call("complete", { prompt: "refuse me" });
}

/** Every path beside MCP, with and without the bearer, in places where it does not belong too. */
async function askOverHttp(url: string, bearer: string, places: Map<string, string>): Promise<void> {
  const authorization = `Bearer ${bearer}`;
  const json = { "content-type": "application/json" };
  const chat = JSON.stringify({ model: "parrot", messages: [{ role: "user", content: "refuse" }] });
  const requests: [string, RequestInit][] = [
    ...["/metrics", "/healthz", "/readyz", "/livez", "/", "/.well-known/oauth-protected-resource"].map(
      (path): [string, RequestInit] => [path, {}],
    ),
    [`/mcp?token=${bearer}`, { method: "POST", headers: json, body: "{}" }],
    [`/${bearer}`, { headers: { authorization } }],
    ["/mcp", { method: "POST", headers: { ...json, authorization }, body: `{"broken": "${bearer}"` }],
    ["/mcp", { method: "POST", headers: { ...json, authorization: `Bearer ${bearer}x` }, body: "{}" }],
    ["/v1/models", { headers: { authorization } }],
    ["/v1/chat/completions", { method: "POST", headers: { ...json, authorization }, body: chat }],
  ];
  for (const [index, [path, request]] of requests.entries()) {
    const response = await fetch(`${url}${path}`, request);
    const headers = JSON.stringify([...response.headers]);
    places.set(`${url} request ${index}`, `${response.status} ${headers} ${await response.text()}`);
  }
}
