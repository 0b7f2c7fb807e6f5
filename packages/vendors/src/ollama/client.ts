// https://docs.ollama.com/api
import { createHttp } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";

/** A model on this machine's disk. */
export interface OllamaModel {
  name: string;
  bytes: number;
  /** "8.0B". */
  parameters?: string;
  /** "Q4_K_M". */
  quantization?: string;
  /** In memory now, and of that so much on the GPU. */
  loaded?: { bytes: number; gpuBytes: number };
}

export interface OllamaModelDetails {
  contextLength?: number;
  supports: { tools: boolean; vision: boolean; embedding: boolean };
}

/** What Ollama knows beside the OpenAI shape, which it also speaks. */
export interface OllamaClient {
  listModels(signal: AbortSignal): Promise<OllamaModel[]>;
  fetchDetails(name: string, signal: AbortSignal): Promise<OllamaModelDetails>;
  close(): Promise<void>;
}

const Tags = z.object({
  models: z.array(
    z.object({
      name: z.string().min(1).max(300),
      size: z.number().min(0),
      details: z
        .object({ parameter_size: z.string().optional(), quantization_level: z.string().optional() })
        .optional(),
    }),
  ),
});
const Running = z.object({
  models: z.array(z.object({ name: z.string(), size: z.number().min(0), size_vram: z.number().min(0).optional() })),
});
/** The context stands under the architecture's name: `llama.context_length`. */
const Details = z.object({
  capabilities: z.array(z.string()).optional(),
  model_info: z.record(z.string(), z.unknown()).optional(),
});

/** `baseUrl` without `/v1`. */
export function createOllamaClient(options: { baseUrl: string; log: Logger; clock: Clock }): OllamaClient {
  const http = createHttp({ service: "ollama", attempts: 1, timeoutMs: 5_000, ...options });
  return {
    async listModels(signal) {
      const [tags, running] = await Promise.all([
        http.request({ path: "/api/tags", schema: Tags, signal, operation: "tags" }),
        http.request({ path: "/api/ps", schema: Running, signal, operation: "ps" }),
      ]);
      const inMemory = new Map(running.data.models.map((model) => [model.name, model]));
      return tags.data.models.map(({ name, size, details }) => {
        const loaded = inMemory.get(name);
        return {
          name,
          bytes: size,
          ...(details?.parameter_size && { parameters: details.parameter_size }),
          ...(details?.quantization_level && { quantization: details.quantization_level }),
          ...(loaded && { loaded: { bytes: loaded.size, gpuBytes: loaded.size_vram ?? 0 } }),
        };
      });
    },
    async fetchDetails(name, signal) {
      const request = { method: "POST", path: "/api/show", body: { model: name }, idempotent: true } as const;
      const { data } = await http.request({ ...request, schema: Details, signal, operation: "show" });
      const context = Object.entries(data.model_info ?? {}).find(([key]) => key.endsWith(".context_length"))?.[1];
      const has = (capability: string) => data.capabilities?.includes(capability) ?? false;
      return {
        ...(typeof context === "number" && { contextLength: context }),
        supports: { tools: has("tools"), vision: has("vision"), embedding: has("embedding") },
      };
    },
    close: () => http.close(),
  };
}
