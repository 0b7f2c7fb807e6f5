import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createOpenAiClient } from "./openai-client.ts";

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

/** A client of an endpoint that gives this answer to everything. */
async function startClient(answer: unknown) {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
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
