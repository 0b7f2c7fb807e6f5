import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { createGcra } from "@sophia/core/limits/gcra";
import type { KeyPolicy } from "./key-policy.ts";

/** Requests and tokens per minute of each key, in memory. */
export interface KeyLimits {
  /** Throws AppError `denied` for a model the key may not use, `rate_limited` when it has had its share. */
  admit(caller: string, policy: KeyPolicy, call: { model: string | undefined; tokens: number }): void;
}

const perMs = 60_000;
/** What may come at once: a tenth of a minute's share. */
const burstFraction = 0.1;

export function createKeyLimits(options: { clock: Clock }): KeyLimits {
  const gcra = createGcra({ clock: options.clock, maxKeys: 100_000 });

  function take(key: string, perMinute: number, weight: number): void {
    const burst = Math.max(1, perMinute * burstFraction);
    const { allowed, waitMs } = gcra.take(key, { requests: perMinute, perMs, capacityFraction: 1, burst }, weight);
    if (allowed) return;
    throw new AppError("rate_limited", "This key has had its share of requests or tokens for now.", {
      hint: "Wait, or have the key's limit raised.",
      retryAfterMs: Math.ceil(waitMs),
    });
  }

  return {
    admit(caller, policy, { model, tokens }) {
      if (model !== undefined && !isAllowed(policy.allowedModels, model)) {
        throw new AppError("denied", "This key may not use that model.", {
          hint: `Allowed: ${policy.allowedModels.slice(0, 10).join(", ")}.`,
        });
      }
      if (policy.requestsPerMinute !== undefined) take(`${caller} requests`, policy.requestsPerMinute, 1);
      if (policy.tokensPerMinute !== undefined) take(`${caller} tokens`, policy.tokensPerMinute, tokens);
    },
  };
}

/** `*` at the end stands for any rest; an empty list allows all. */
export function isAllowed(allowedModels: readonly string[], model: string): boolean {
  return (
    allowedModels.length === 0 ||
    allowedModels.some((pattern) =>
      pattern.endsWith("*") ? model.startsWith(pattern.slice(0, -1)) : pattern === model,
    )
  );
}
