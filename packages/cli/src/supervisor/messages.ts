/** What a server tells its supervisor over IPC. `heartbeat` comes every 250 ms from the event loop that answers calls. */
export type ServerMessage =
  | { type: "ready"; port: number; url: string; pid: number }
  | { type: "heartbeat" }
  | { type: "draining" };

/** What the supervisor tells a server: finish what is running, then exit with 0. The same as SIGTERM. */
export interface SupervisorMessage {
  type: "shutdown";
}

/** A message from a child; `undefined` for anything else, which is ignored. */
export function parseServerMessage(message: unknown): ServerMessage | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "heartbeat" || message.type === "draining") return { type: message.type };
  if (message.type !== "ready") return undefined;
  const { port, url, pid } = message as Record<string, unknown>;
  if (typeof port !== "number" || typeof url !== "string" || typeof pid !== "number") return undefined;
  return { type: "ready", port, url, pid };
}
