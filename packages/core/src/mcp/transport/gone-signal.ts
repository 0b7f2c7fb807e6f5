import type { ServerResponse } from "node:http";

/** Made once: an abort without a reason creates a DOMException each time. */
const clientGone = new Error("The client is gone.");

/** Aborts when the client goes away, also when it already had while its bearer was looked up. */
export function goneSignal(response: ServerResponse): { controller: AbortController; release(): void } {
  const controller = new AbortController();
  const onClose = (): void => controller.abort(clientGone);
  if (response.destroyed || response.closed || response.socket?.destroyed === true) controller.abort(clientGone);
  else response.once("close", onClose);
  return { controller, release: () => response.off("close", onClose) };
}
