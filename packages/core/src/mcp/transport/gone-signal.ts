import type { ServerResponse } from "node:http";

/** Aborts when the client goes away, also when it already had while its bearer was looked up. */
export function goneSignal(response: ServerResponse): { controller: AbortController; release(): void } {
  const controller = new AbortController();
  const onClose = (): void => controller.abort();
  if (response.destroyed || response.closed || response.socket?.destroyed === true) controller.abort();
  else response.once("close", onClose);
  return { controller, release: () => response.off("close", onClose) };
}
