import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Above this share of the cap, room is made… */
const highShare = 0.9;
/** …down to this one. */
const lowShare = 0.8;
/** A client that means it has sent something by then. */
const graceMs = 250;

/**
 * Keeps room below the connection cap by closing the oldest connections that never sent a byte, so that a flood of
 * them cannot lock out the health endpoint. Node's `closeIdleConnections` does not count those as idle.
 */
export function makeRoomBelow(server: Server, maxConnections: number): void {
  const silent = new Map<Socket, number>();
  let open = 0;

  function makeRoom(): void {
    const oldest = performance.now() - graceMs;
    for (const [socket, since] of silent) {
      if (open <= maxConnections * lowShare || since > oldest) return;
      silent.delete(socket);
      if (socket.bytesRead === 0) socket.destroy();
    }
  }

  server.on("connection", (socket) => {
    open++;
    silent.set(socket, performance.now());
    socket.once("close", () => {
      open--;
      silent.delete(socket);
    });
    if (open > maxConnections * highShare) makeRoom();
  });
  server.on("request", ({ socket }) => silent.delete(socket));
  server.on("drop", makeRoom);
}
