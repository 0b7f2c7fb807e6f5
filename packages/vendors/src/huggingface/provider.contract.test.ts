import { InferenceClient } from "@huggingface/inference";
import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type HuggingFaceSimulator, startHuggingFaceSimulator } from "@sophia/simulators/huggingface/simulator";
import { startTeiSimulator } from "@sophia/simulators/tei/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOpenAiClient, type OpenAiClient } from "../openai-shape/openai-client.ts";
import { createHuggingFaceProfile } from "./provider.ts";

const token = "hf_simulatedsimulatedsimulatedsimulated";
const { signal } = new AbortController();
let simulator: HuggingFaceSimulator;
let client: OpenAiClient;
beforeAll(async () => {
  simulator = await startHuggingFaceSimulator({ token });
  client = createOpenAiClient({
    endpoint: {
      service: "huggingface",
      mode: "live",
      baseUrl: simulator.url,
      apiKey: new Secret(token),
      models: [],
      profile: createHuggingFaceProfile({ billTo: "acme" }),
    },
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
});
beforeEach(() => simulator.setCredit(2));
afterAll(async () => {
  await client.close();
  await simulator.close();
});

const ask = (model: string) => ({ model, messages: [{ role: "user", content: "Hello" }] });

test("a model's price and abilities are those of the cheapest place that answers", async () => {
  const [small, large] = await client.listModels(signal);
  expect(small).toMatchObject({
    id: "simulated/open-8b",
    contextLength: 32_768,
    listedPrice: { input: 5e-8, output: 1e-7 },
    supports: { tools: false, json: false, vision: false },
  });
  expect(small?.places?.map(({ provider }) => provider)).toEqual(["fast-one", "cheap-one"]);
  expect(large?.supports?.tools).toBe(true);
});

test("calls go to the cheapest place, unless the caller says otherwise", async () => {
  await client.complete(ask("simulated/open-8b"), signal);
  await client.complete(ask("simulated/open-8b"), signal, { wishes: { prefer: "latency" } });
  await client.complete(ask("simulated/open-8b:cheap-one"), signal, { wishes: { prefer: "throughput" } });
  expect(simulator.calls().slice(-3)).toEqual([
    { model: "simulated/open-8b:cheapest", provider: "cheap-one", billTo: "acme" },
    { model: "simulated/open-8b:fastest", provider: "fast-one", billTo: "acme" },
    { model: "simulated/open-8b:cheap-one", provider: "cheap-one", billTo: "acme" },
  ]);
});

test("used-up credit and an unknown model are told apart", async () => {
  await expect(client.complete(ask("none/such"), signal)).rejects.toMatchObject({ kind: "not_found" });
  simulator.setCredit(0);
  await expect(client.complete(ask("simulated/open-8b"), signal)).rejects.toMatchObject({ kind: "budget_exceeded" });
});

test("the vendor's SDK drives the simulators", async () => {
  const sdk = new InferenceClient(token);
  const endpointUrl = simulator.url.replace(/\/v1$/, "");
  const messages = [{ role: "user", content: "Hello from the SDK" }];
  const completion = await sdk.chatCompletion({ endpointUrl, model: "simulated/open-70b", messages });
  expect(completion.choices[0]?.message.content).toContain("Simulated answer");
  let text = "";
  for await (const chunk of sdk.chatCompletionStream({ endpointUrl, model: "simulated/open-70b", messages })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  expect(text).toContain("Simulated answer");

  const tei = await startTeiSimulator();
  const vectors = await sdk.featureExtraction({ endpointUrl: `${tei.url}/embed`, inputs: ["one", "two"] });
  expect(vectors).toHaveLength(2);
  await tei.close();
});
