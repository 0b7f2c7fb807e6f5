import { AppError } from "@sophia/core/errors/app-error";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import { type PlainCall, type PlainCallParts, toPlainRecord } from "./plain-call.ts";

/** Who answered on this machine. */
export interface OwnPlace {
  service: string;
  mode: "live" | "local" | "simulated";
  model: string;
}

export interface OwnCall<T> extends Omit<PlainCall<T>, "ask" | "demands"> {
  ask(): Promise<{ value: T; place: OwnPlace }>;
}

/**
 * What this server embeds or ranks itself: the key's limits and the call log as for a provider's answer; nothing is
 * reserved, because nobody bills, or whoever does was booked where it was asked.
 */
export async function recordOwnCall<T>(
  { policies, limits, clock, callLog }: Pick<PlainCallParts, "policies" | "limits" | "clock" | "callLog">,
  call: OwnCall<T>,
): Promise<{ value: T; place: OwnPlace }> {
  const startedAt = clock.monotonic();
  limits.admit(call.caller, policies.of(call.caller), { model: call.model, tokens: call.inputTokens });
  const usage: Usage = { inputTokens: call.inputTokens, outputTokens: 0, cachedInputTokens: 0, estimated: true };
  const tell = (place: OwnPlace, outcome: "ok" | "error" | "cancelled", errorKind?: string): void => {
    const now = clock.now();
    const end = { ...place, outcome, errorKind, now, totalMs: clock.monotonic() - startedAt };
    const cost = { costUsd: 0, priceKnown: true };
    callLog.record(toPlainRecord(call, { ...end, usage, cost, priceAsOf: new Date(now).toISOString().slice(0, 10) }));
  };
  try {
    const { value, place } = await call.ask();
    tell(place, "ok");
    return { value, place };
  } catch (error) {
    const kind = error instanceof AppError ? error.kind : "internal";
    tell({ service: "", mode: "local", model: "" }, call.signal.aborted ? "cancelled" : "error", kind);
    throw error;
  }
}
