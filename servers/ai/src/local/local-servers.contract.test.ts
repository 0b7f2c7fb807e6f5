import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@sophia/core/limits/clock";
import { startOllamaSimulator } from "@sophia/simulators/ollama/simulator";
import { startOpenAiSimulator } from "@sophia/simulators/openai/simulator";
import { startTeiSimulator } from "@sophia/simulators/tei/simulator";
import { startVllmSimulator } from "@sophia/simulators/vllm/simulator";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createLocalServers } from "./local-servers.ts";

test("tells the kinds of model servers apart, and leaves out what is none", async () => {
  const [ollama, tei, vllm, other] = await Promise.all([
    startOllamaSimulator(),
    startTeiSimulator({ kind: "reranker" }),
    startVllmSimulator(),
    startOpenAiSimulator(),
  ]);
  ollama.load("simulated/small");
  vllm.setLoad({ running: 4, waiting: 1 });
  const web = createServer((_, response) => response.end("<html>hello</html>"));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const otherUrl = other.url.replace(/\/v1$/, "");

  const urls = [ollama.url, tei.url, vllm.url, otherUrl, webUrl, "http://127.0.0.1:1"];
  const local = createLocalServers({ urls, log: pino({ level: "silent" }), clock: systemClock });
  const { servers, silent } = await local.look(new AbortController().signal);

  expect(silent).toEqual([webUrl, "http://127.0.0.1:1"]);
  expect(servers.map(({ kind }) => kind)).toEqual(["ollama", "tei", "vllm", "openai-compatible"]);
  expect(servers[0]?.models).toEqual([
    {
      id: "simulated/small",
      kind: "chat",
      contextLength: 131_072,
      diskBytes: 4_900_000_000,
      parameters: "8.0B",
      quantization: "Q4_K_M",
      loaded: true,
    },
    expect.objectContaining({ id: "simulated/embedding", kind: "embedding", loaded: false }),
  ]);
  expect(servers[1]?.models).toEqual([{ id: "simulated/tei-model", kind: "rerank", contextLength: 512, loaded: true }]);
  expect(servers[2]).toMatchObject({ load: { running: 4, waiting: 1 }, models: [{ contextLength: 16_384 }] });
  web.close();
  await Promise.all([ollama.close(), tei.close(), vllm.close(), other.close()]);
});
