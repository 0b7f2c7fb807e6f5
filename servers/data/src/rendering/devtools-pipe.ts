import type { Readable, Writable } from "node:stream";

// https://chromedevtools.github.io/devtools-protocol/ over --remote-debugging-pipe: JSON messages, each ended by a NUL.

export interface DevtoolsEvent {
  method: string;
  params: Record<string, unknown>;
  sessionId: string | undefined;
}

export interface DevtoolsPipe {
  /** @throws DevtoolsError when the browser refuses or is gone */
  send<Result = unknown>(method: string, params?: object, sessionId?: string): Promise<Result>;
  /** Events of one session, until the function that is returned is called. */
  listen(sessionId: string | undefined, onEvent: (event: DevtoolsEvent) => void): () => void;
  /** Ends all that waits: the browser is gone. */
  end(): void;
  readonly isGone: boolean;
}

/** What the browser answered, or that it is no longer there. Its text is for the log. */
export class DevtoolsError extends Error {
  readonly isGone: boolean;
  constructor(message: string, isGone: boolean) {
    super(message);
    this.isGone = isGone;
  }
}

interface Message {
  id?: number;
  result?: unknown;
  error?: { message?: string };
  method?: string;
  params?: Record<string, unknown>;
  sessionId?: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A picture of a long page takes some; more is a browser gone wild. */
const maxMessageBytes = 96 * 1024 * 1024;

export function createDevtoolsPipe(input: Writable, output: Readable): DevtoolsPipe {
  const waiting = new Map<number, Waiting>();
  const listeners = new Map<string, Set<(event: DevtoolsEvent) => void>>();
  let lastId = 0;
  let isGone = false;

  function end(): void {
    isGone = true;
    for (const { reject } of waiting.values()) reject(new DevtoolsError("the browser is gone", true));
    waiting.clear();
    listeners.clear();
  }

  function take(text: string): void {
    const message = JSON.parse(text) as Message;
    if (message.id === undefined) {
      const event = { method: message.method ?? "", params: message.params ?? {}, sessionId: message.sessionId };
      for (const listener of listeners.get(message.sessionId ?? "") ?? []) listener(event);
      return;
    }
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) asked?.reject(new DevtoolsError(message.error.message ?? "refused", false));
    else asked?.resolve(message.result);
  }

  readMessages(output, take, end);
  input.on("error", end);
  return {
    async send<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
      if (isGone) throw new DevtoolsError("the browser is gone", true);
      const id = (lastId += 1);
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
      // The protocol's own description says what each method gives.
      return (await promise) as Result;
    },
    listen(sessionId, onEvent) {
      const key = sessionId ?? "";
      const set = listeners.get(key) ?? new Set();
      set.add(onEvent);
      listeners.set(key, set);
      return () => {
        set.delete(onEvent);
        if (set.size === 0) listeners.delete(key);
      };
    },
    end,
    get isGone() {
      return isGone;
    },
  };
}

function readMessages(output: Readable, take: (text: string) => void, end: () => void): void {
  let parts: Buffer[] = [];
  let bytes = 0;
  output.on("data", (chunk: Buffer) => {
    let rest = chunk;
    for (let stop = rest.indexOf(0); stop >= 0; stop = rest.indexOf(0)) {
      parts.push(rest.subarray(0, stop));
      const text = Buffer.concat(parts).toString("utf8");
      parts = [];
      bytes = 0;
      rest = rest.subarray(stop + 1);
      take(text);
    }
    if (rest.length === 0) return;
    parts.push(rest);
    bytes += rest.length;
    if (bytes > maxMessageBytes) output.destroy(new Error("message too long"));
  });
  output.once("error", end);
  output.once("close", end);
  output.once("end", end);
}
