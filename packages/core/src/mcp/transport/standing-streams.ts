import type { ServerResponse } from "node:http";

/**
 * Responses that stay open until one side leaves (subscriptions, a session's own stream). They are no work: they do
 * not count as load, and a drain does not wait for them.
 */
export class StandingStreams {
  readonly #responses = new Set<ServerResponse>();

  add(response: ServerResponse): void {
    if (response.destroyed) return;
    this.#responses.add(response);
    response.once("close", () => this.#responses.delete(response));
  }

  get size(): number {
    return this.#responses.size;
  }
}
