const cancelledByClient = new Error("The client cancelled the call.");

/**
 * Calls of the 2025 era that are under way, so that `notifications/cancelled` finds them: the SDK's stateless serving
 * accepts that notice with 202 and ignores it. Keyed by caller, so that nobody cancels somebody else's call.
 */
export class RunningCalls {
  readonly #calls = new Map<string, Set<AbortController>>();

  add(callerId: string, requestId: string | number, controller: AbortController): () => void {
    const key = keyOf(callerId, requestId);
    const same = this.#calls.get(key) ?? new Set();
    same.add(controller);
    this.#calls.set(key, same);
    return () => {
      same.delete(controller);
      if (same.size === 0) this.#calls.delete(key);
    };
  }

  cancel(callerId: string, requestId: unknown): void {
    if (typeof requestId !== "string" && typeof requestId !== "number") return;
    const matching = [...(this.#calls.get(keyOf(callerId, requestId)) ?? [])];
    // Two windows of one client share a bearer and count their ids alike: whose call is meant cannot be known.
    if (matching.length === 1) matching[0]?.abort(cancelledByClient);
  }
}

/** The type is part of the key: 1 and "1" are different JSON-RPC ids. */
function keyOf(callerId: string, requestId: string | number): string {
  return `${callerId}\n${JSON.stringify(requestId)}`;
}
