import type { CallOptions } from "@sophia/vendors/openai-shape/call-wishes";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import { bookPlainCall } from "../domain/plain-call.ts";
import type { Exchange, GatewayServices } from "./exchange.ts";

interface Asked<T> {
  model: string;
  operation: "embeddings" | "rerank";
  inputTokens: number;
  /** Whether \`ask\` sends the options on, which say what the key demands for its texts. */
  demands: boolean;
  ask(client: OpenAiClient, signal: AbortSignal, options: CallOptions): Promise<{ value: T; usage: Usage | undefined }>;
}

/** A provider's answer that is no chat, with the headers that say whose it is and what it cost. */
export async function bookCall<T>(
  { caller, requestId, signal, response }: Exchange,
  services: GatewayServices,
  asked: Asked<T>,
): Promise<{ value: T; usage: Usage }> {
  const call = { ...asked, caller: caller.id, requestId, signal, origin: "gateway" as const };
  const { value, usage, cost, target } = await bookPlainCall(services, call);
  response.setHeader("x-sophia-provider", target.candidate.service);
  response.setHeader("x-sophia-mode", target.candidate.mode);
  response.setHeader("x-sophia-cost-usd", cost.priceKnown ? String(Number(cost.costUsd.toFixed(9))) : "unknown");
  return { value, usage };
}
