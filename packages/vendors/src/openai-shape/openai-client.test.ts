import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createOpenAiClient } from "./openai-client.ts";

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

/** A client of an endpoint that gives this answer to everything. */
async function startClient(answer: unknown) {
  return await startClientOf((_request, response) => response.end(JSON.stringify(answer)));
}

async function startClientOf(answer: (body: string, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    void text(request).then((body) => answer(body, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const endpoint = { service: "local-models", mode: "local" as const, baseUrl, models: [] };
  const client = createOpenAiClient({ endpoint, log: pino({ level: "silent" }), clock: systemClock });
  close = async () => {
    await client.close();
    server.close();
  };
  return client;
}

const plain = { id: "llama3.2:1b", object: "model", created: 1_764_000_000, owned_by: "library" };

test.each([
  ["OpenAI, Ollama and llama.cpp, without a price", { object: "list", data: [plain] }, {}],
  ["vLLM, with a length", { object: "list", data: [{ ...plain, max_model_len: 8_192 }] }, { contextLength: 8_192 }],
  ["OpenRouter, with a price", { data: [{ ...plain, pricing: { prompt: "0" } }] }, { pricing: { prompt: "0" } }],
  ["Together, a bare array", [{ ...plain, type: "embedding" }], { kind: "embedding" }],
])("lists the models of %s", async (_name, answer, stated) => {
  const client = await startClient(answer);
  expect(await client.listModels(AbortSignal.timeout(5_000))).toEqual([
    { id: "llama3.2:1b", contextLength: undefined, pricing: undefined, kind: "chat", ...stated },
  ]);
});

const { signal } = new AbortController();
const ask = (model: string) => ({ model, messages: [{ role: "user", content: "hello" }] });
const answered = JSON.stringify({ choices: [{ message: { content: "hi" } }] });

test("an embedding model that fails is given a rest, the others of its endpoint are not", async () => {
  const client = await startClientOf((body, response) => {
    if (body.includes("broken")) response.statusCode = 500;
    response.end(JSON.stringify({ model: "sound", data: [{ embedding: [1] }] }));
  });
  const embed = (model: string) => client.embed?.({ model, input: ["hello"] }, signal);
  for (let call = 0; call < 5; call++) {
    await expect(embed("broken")).rejects.toMatchObject({ kind: "upstream" });
  }
  await expect(embed("broken")).rejects.toMatchObject({ kind: "unavailable" });
  expect(await embed("sound")).toMatchObject({ vectors: [expect.anything()] });
});

test("whether a model is asked to chat is left to the router, however often it has failed", async () => {
  let isBroken = true;
  const client = await startClientOf((_body, response) => {
    if (isBroken) response.statusCode = 500;
    response.end(answered);
  });
  for (let call = 0; call < 6; call++) {
    await expect(client.complete(ask("one"), signal)).rejects.toMatchObject({ kind: "upstream" });
    await expect(client.completeBytes?.({ fields: ask("one") }, signal)).rejects.toMatchObject({ kind: "upstream" });
  }
  isBroken = false;
  expect(await client.complete(ask("one"), signal)).toMatchObject({ choices: [{}] });
  expect(await client.completeBytes?.({ fields: ask("one") }, signal)).toMatchObject({ completion: { choices: [{}] } });
});

test("while an endpoint wants a long pause, calls are refused at once and told how long it is", async () => {
  const client = await startClientOf((_body, response) => response.writeHead(429, { "retry-after": "7" }).end("{}"));
  await expect(client.complete(ask("one"), signal)).rejects.toMatchObject({ kind: "rate_limited" });
  const startedAt = performance.now();
  const refusal = await client.complete(ask("two"), signal).catch((error: unknown) => error);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(refusal).toMatchObject({
    kind: "rate_limited",
    status: undefined,
    retryAfterMs: expect.any(Number) as number,
  });
});
