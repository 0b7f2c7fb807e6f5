import { createHttp } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";

/** Where model servers listen by default: Ollama, vLLM, llama.cpp. */
export const localModelUrls: readonly string[] = [
  "http://127.0.0.1:11434/v1",
  "http://127.0.0.1:8000/v1",
  "http://127.0.0.1:8080/v1",
];
const probeTimeoutMs = 400;

/** Other servers answer on these ports too; only a list of models in the OpenAI shape counts. */
const ModelListShape = z.object({ object: z.literal("list"), data: z.array(z.object({ id: z.string() })).min(1) });

/** Those of the base URLs where a model server answers, in their order. */
export async function findLocalModels(
  urls: readonly string[],
  options: { log: Logger; clock: Clock },
): Promise<string[]> {
  const answering = await Promise.all(urls.map((url) => answers(url, options)));
  return urls.filter((_, index) => answering[index]);
}

async function answers(baseUrl: string, options: { log: Logger; clock: Clock }): Promise<boolean> {
  const http = createHttp({ service: "local-models", baseUrl, attempts: 1, maxBytes: 4 * 1024 * 1024, ...options });
  try {
    await http.request({ path: "/models", schema: ModelListShape, timeoutMs: probeTimeoutMs });
    return true;
  } catch {
    // Nobody there, or somebody else: both are the usual case.
    return false;
  } finally {
    await http.close();
  }
}
