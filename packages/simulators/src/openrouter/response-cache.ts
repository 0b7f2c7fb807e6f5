import { hash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson } from "../openai/json-body.ts";
import type { SimulatorState } from "./simulator-state.ts";

interface Lookup {
  state: SimulatorState;
  request: IncomingMessage;
  response: ServerResponse;
  body: unknown;
}

const defaultTtlSeconds = 300;
const kept = 500;

/** True when the answer was given. https://openrouter.ai/docs/guides/features/response-caching */
export function answerFromCache({ state, request, response, body }: Lookup): boolean {
  if (request.headers["x-openrouter-cache"] !== "true") return false;
  const key = keyOf(body);
  if (request.headers["x-openrouter-cache-clear"] === "true") state.cache.delete(key);
  const found = state.cache.get(key);
  const ageMs = found ? Date.now() - found.storedAt : 0;
  if (!found || ageMs >= found.ttlMs) {
    response.setHeader("x-openrouter-cache-status", "MISS");
    return false;
  }
  response.setHeader("x-openrouter-cache-status", "HIT");
  response.setHeader("x-openrouter-cache-age", Math.floor(ageMs / 1_000));
  response.setHeader("x-openrouter-cache-ttl", Math.ceil((found.ttlMs - ageMs) / 1_000));
  response.setHeader("x-openrouter-cache-source-id", found.generationId);
  response.setHeader("x-generation-id", `gen-${1_750_000_000 + state.nextGeneration}-cached`);
  state.nextGeneration += 1;
  sendJson(response, 200, found.body);
  return true;
}

export function storeInCache({ state, request, body }: Lookup, answer: unknown, generationId: string): void {
  if (request.headers["x-openrouter-cache"] !== "true") return;
  const stated = Number(request.headers["x-openrouter-cache-ttl"] ?? defaultTtlSeconds);
  const ttlMs = Math.min(86_400, Math.max(1, stated)) * 1_000;
  // The usage of a hit is free of charge.
  const free = structuredClone(answer) as { usage?: Record<string, unknown> };
  if (free.usage) free.usage["cost"] = 0;
  state.cache.set(keyOf(body), { body: free, generationId, storedAt: Date.now(), ttlMs });
  const [oldest] = state.cache.keys();
  if (state.cache.size > kept && oldest !== undefined) state.cache.delete(oldest);
}

function keyOf(body: unknown): string {
  return hash("sha256", JSON.stringify(body));
}
