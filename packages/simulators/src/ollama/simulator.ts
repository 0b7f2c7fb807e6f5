import { z } from "zod";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";

export interface OllamaSimulator {
  /** Without a path. */
  url: string;
  /** Models in memory. */
  load(name: string): void;
  close(): Promise<void>;
}

const models = [
  { name: "simulated/small", bytes: 4_900_000_000, parameters: "8.0B", quantization: "Q4_K_M", context: 131_072 },
  { name: "simulated/embedding", bytes: 274_000_000, parameters: "137M", quantization: "F16", context: 2_048 },
];
const Show = z.object({ model: z.string() });

/** Ollama on loopback, as far as its models go: lists, details, what is in memory. https://docs.ollama.com/api */
export async function startOllamaSimulator(): Promise<OllamaSimulator> {
  const loaded = new Set<string>();
  const served = await serve(async (request, response) => {
    const route = `${request.method} ${request.url}`;
    if (route === "GET /api/tags") return sendJson(response, 200, { models: models.map(describe) });
    if (route === "GET /api/ps") {
      const running = models.filter(({ name }) => loaded.has(name));
      const entries = running.map((model) => ({
        ...describe(model),
        size_vram: model.bytes,
        expires_at: "2030-01-01T00:00:00Z",
      }));
      return sendJson(response, 200, { models: entries });
    }
    if (route === "POST /api/show") {
      const name = Show.safeParse(await readJson(request)).data?.model;
      const model = models.find((each) => each.name === name);
      if (!model) return sendJson(response, 404, { error: `model '${name}' not found` });
      return sendJson(response, 200, {
        details: describe(model).details,
        model_info: { "general.architecture": "llama", "llama.context_length": model.context },
        capabilities: model.name.endsWith("embedding") ? ["embedding"] : ["completion", "tools"],
      });
    }
    if (route === "GET /v1/models") {
      const data = models.map(({ name }) => ({
        id: name,
        object: "model",
        created: 1_750_000_000,
        owned_by: "library",
      }));
      return sendJson(response, 200, { object: "list", data });
    }
    response.writeHead(404).end();
  });
  return {
    url: served.origin,
    load: (name) => void loaded.add(name),
    close: served.close,
  };
}

function describe({ name, bytes, parameters, quantization }: (typeof models)[number]) {
  const details = { format: "gguf", family: "llama", parameter_size: parameters, quantization_level: quantization };
  return { name, model: name, modified_at: "2026-01-01T00:00:00Z", size: bytes, digest: "simulated", details };
}
