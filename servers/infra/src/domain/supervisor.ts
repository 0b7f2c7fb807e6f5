import { AppError } from "@sophia/core/errors/app-error";
import type { ServerId } from "./server-directory.ts";

/** The process above us that starts and restarts the four servers. */
export interface Supervisor {
  /** Resolves when the request has left; whether the server came back shows in its health. */
  restart(server: ServerId, planId: string): Promise<void>;
}

/** The side of `process` that a child speaks to its parent with. */
export interface ParentChannel {
  readonly connected: boolean;
  send?: ((message: unknown, done: (error: Error | null) => void) => boolean) | undefined;
}

const sendTimeoutMs = 2_000;

/** Undefined when no supervisor started this process (stand-alone, `--stdio`): then nobody could restart a server. */
export function createSupervisor(parent: ParentChannel): Supervisor | undefined {
  if (!parent.connected || parent.send === undefined) return undefined;
  return {
    async restart(server, planId) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => reject(lost()), sendTimeoutMs);
      try {
        parent.send?.({ type: "restart-request", server, planId }, (error) =>
          error ? reject(lost(error)) : resolve(),
        );
        await promise;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function lost(cause?: Error): AppError {
  return new AppError("unavailable", "The supervisor does not take requests.", {
    hint: "Stop and start Sophia: npm start.",
    ...(cause && { cause }),
  });
}
