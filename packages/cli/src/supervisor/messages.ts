/** What a server tells its supervisor over IPC. `heartbeat` comes every 250 ms from the event loop that answers calls. */
export type ServerMessage =
  | { type: "ready"; port: number; url: string; pid: number }
  | { type: "heartbeat" }
  | { type: "draining" }
  /** An approved plan of the Infrastructure Copilot asks for a restart. */
  | { type: "restart-request"; server: string; planId: string };

/** A message from a child; `undefined` for anything else, which is ignored. */
export function parseServerMessage(message: unknown): ServerMessage | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "heartbeat" || message.type === "draining") return { type: message.type };
  const { port, url, pid, server, planId } = message as Record<string, unknown>;
  if (message.type === "restart-request" && typeof server === "string" && typeof planId === "string") {
    return { type: "restart-request", server, planId };
  }
  if (message.type !== "ready") return undefined;
  if (typeof port !== "number" || typeof url !== "string" || typeof pid !== "number") return undefined;
  return { type: "ready", port, url, pid };
}
