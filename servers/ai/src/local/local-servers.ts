import type { Clock } from "@sophia/core/limits/clock";
import { createTeiClient } from "@sophia/vendors/huggingface/tei-client";
import { createOllamaClient } from "@sophia/vendors/ollama/client";
import { createOpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import { createVllmClient } from "@sophia/vendors/vllm/client";
import type { Logger } from "pino";

/** A model that a model server of one's own has. */
export interface LocalModel {
  id: string;
  kind: "chat" | "embedding" | "rerank";
  contextLength?: number;
  diskBytes?: number;
  /** "8.0B". */
  parameters?: string;
  /** "Q4_K_M". */
  quantization?: string;
  /** Absent: the server does not say. */
  loaded?: boolean;
}

export interface LocalServer {
  url: string;
  kind: "ollama" | "tei" | "vllm" | "openai-compatible";
  models: LocalModel[];
  /** Requests at work and in the queue. */
  load?: { running: number; waiting: number };
}

/** Model servers on this machine, or at addresses of one's own. */
export interface LocalServers {
  /** Those that answer now; the others are named in `silent`. */
  look(signal: AbortSignal): Promise<{ servers: LocalServer[]; silent: string[] }>;
}

/** Where they listen by themselves: Ollama, vLLM, llama.cpp, LM Studio, TEI. */
export const localServerUrls: readonly string[] = [11_434, 8_000, 8_080, 1_234, 3_000].map(
  (port) => `http://127.0.0.1:${port}`,
);
const lookMs = 2_000;
/** Details are a call each. */
const maxDetails = 40;

interface Place {
  url: string;
  log: Logger;
  clock: Clock;
}

/** `urls` without a path. */
export function createLocalServers(options: { urls?: readonly string[]; log: Logger; clock: Clock }): LocalServers {
  const { urls = localServerUrls, ...rest } = options;
  return {
    async look(signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
      const found = await Promise.all(urls.map((url) => identify({ ...rest, url }, deadline)));
      signal.throwIfAborted();
      const servers = found.filter((server) => server !== undefined);
      return { servers, silent: urls.filter((_, index) => found[index] === undefined) };
    },
  };
}

/** What answers in its own way is known by it; the OpenAI shape, which most also have, comes last. */
async function identify(place: Place, signal: AbortSignal): Promise<LocalServer | undefined> {
  for (const look of [lookAtOllama, lookAtTei, lookAtOpenAiShape]) {
    try {
      return await look(place, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      place.log.debug({ err: error, url: place.url }, "not this kind of model server");
    }
  }
  return undefined;
}

async function lookAtOllama({ url, ...rest }: Place, signal: AbortSignal): Promise<LocalServer> {
  const client = createOllamaClient({ ...rest, baseUrl: url });
  try {
    const models = await client.listModels(signal);
    const details = await Promise.all(
      models.slice(0, maxDetails).map(({ name }) => client.fetchDetails(name, signal).catch(() => undefined)),
    );
    return {
      url,
      kind: "ollama",
      models: models.map(({ name, bytes, parameters, quantization, loaded }, index) => {
        const known = details[index];
        return {
          id: name,
          kind: known?.supports.embedding ? "embedding" : "chat",
          ...(known?.contextLength !== undefined && { contextLength: known.contextLength }),
          diskBytes: bytes,
          ...(parameters !== undefined && { parameters }),
          ...(quantization !== undefined && { quantization }),
          loaded: loaded !== undefined,
        };
      }),
    };
  } finally {
    await client.close();
  }
}

async function lookAtTei({ url, ...rest }: Place, signal: AbortSignal): Promise<LocalServer> {
  const client = createTeiClient({ ...rest, baseUrl: url });
  try {
    const { model, kind, maxInputTokens } = await client.info(signal);
    const offered = { id: model, kind: kind === "embedding" ? ("embedding" as const) : ("rerank" as const) };
    return { url, kind: "tei", models: [{ ...offered, contextLength: maxInputTokens, loaded: true }] };
  } finally {
    await client.close();
  }
}

async function lookAtOpenAiShape(place: Place, signal: AbortSignal): Promise<LocalServer> {
  const { url, ...rest } = place;
  const endpoint = { service: "local-models", mode: "local" as const, baseUrl: `${url}/v1`, models: [] };
  const client = createOpenAiClient({ ...rest, endpoint });
  try {
    const models = (await client.listModels(signal)).map(({ id, kind, contextLength }) => ({
      id,
      kind,
      ...(contextLength !== undefined && { contextLength: Math.trunc(contextLength) }),
    }));
    const load = await readVllmLoad(place, signal);
    return load ? { url, kind: "vllm", models, load } : { url, kind: "openai-compatible", models };
  } finally {
    await client.close();
  }
}

/** vLLM is told by its metrics. */
async function readVllmLoad({ url, ...rest }: Place, signal: AbortSignal): Promise<LocalServer["load"]> {
  const client = createVllmClient({ ...rest, baseUrl: url });
  try {
    const load = await client.fetchLoad(signal);
    return load && { running: load.running, waiting: load.waiting };
  } catch {
    // No metrics: some other server in the OpenAI shape.
    return undefined;
  } finally {
    await client.close();
  }
}
