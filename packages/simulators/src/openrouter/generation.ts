import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { sendJson } from "../openai/json-body.ts";
import type { Generation } from "./account.ts";
import { findModel, type SimulatedModel, type SimulatedPlace } from "./models.ts";
import { orderPlaces, type RoutedBody } from "./preferences.ts";
import type { SimulatorState } from "./simulator-state.ts";
import { wordError } from "./wording.ts";

/** A call that has been let in: who serves it, and under which id. */
export interface Admitted {
  id: string;
  model: SimulatedModel;
  place: SimulatedPlace;
}

/** Credit, model and place, as they are before a call is passed on. `undefined` when it has been refused. */
export function admit(
  state: SimulatorState,
  body: RoutedBody & { models?: string[] | undefined },
  kind: SimulatedModel["kind"],
  response: ServerResponse,
): Admitted | undefined {
  const id = `gen-${1_750_000_000 + state.nextGeneration}-simulated`;
  state.nextGeneration += 1;
  response.setHeader("x-generation-id", id);
  const candidates = [body.model, ...(body.models ?? [])].flatMap((name) => {
    const model = findModel(name);
    const place = model?.kind === kind ? orderPlaces(model, { ...body, model: name })[0] : undefined;
    return model && place ? [{ id, model, place }] : [];
  });
  const [first] = candidates;
  if (!first) {
    sendJson(response, 404, wordError(404, undefined, "VENDOR TEXT: No endpoints found."));
    return undefined;
  }
  const refusal = first.place.prompt + first.place.completion > 0 ? state.account.refusal() : undefined;
  if (refusal === undefined) return first;
  sendJson(response, 402, wordError(402, undefined, `VENDOR TEXT: Insufficient ${refusal}.`));
  return undefined;
}

export async function waitForFirstByte(state: SimulatorState): Promise<void> {
  const { firstByteMs = 0 } = state.latency;
  if (firstByteMs > 0) await delay(firstByteMs);
}

export function computeCost(place: SimulatedPlace, promptTokens: number, completionTokens: number): number {
  return promptTokens * place.prompt + completionTokens * place.completion;
}

/** Books what was made; an answer without a token is not charged. */
export function book(
  state: SimulatorState,
  { id, model, place }: Admitted,
  made: Pick<Generation, "apiType" | "promptTokens" | "completionTokens" | "costUsd" | "streamed"> & {
    finishReason?: string;
    cancelled?: boolean;
  },
): void {
  state.account.book({
    id,
    model: model.id,
    provider: place.provider,
    createdAt: Date.now(),
    latencyMs: place.latencySeconds * 1_000,
    cancelled: false,
    finishReason: null,
    ...made,
  });
}
