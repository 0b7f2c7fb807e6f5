import type { Usage } from "@sophia/vendors/openai-shape/usage";
import { bookPlainCall, type PlainCall } from "../domain/plain-call.ts";
import type { Exchange, GatewayServices } from "./exchange.ts";

/** A provider's answer that is no chat, with the headers that say whose it is and what it cost. */
export async function bookCall<T>(
  { caller, requestId, signal, response }: Exchange,
  services: GatewayServices,
  asked: Omit<PlainCall<T>, "caller" | "requestId" | "signal" | "origin">,
): Promise<{ value: T; usage: Usage }> {
  const call = { ...asked, caller: caller.id, requestId, signal, origin: "gateway" as const };
  const { value, usage, cost, target } = await bookPlainCall(services, call);
  response.setHeader("x-sophia-provider", target.candidate.service);
  response.setHeader("x-sophia-mode", target.candidate.mode);
  response.setHeader("x-sophia-cost-usd", cost.priceKnown ? String(Number(cost.costUsd.toFixed(9))) : "unknown");
  return { value, usage };
}
