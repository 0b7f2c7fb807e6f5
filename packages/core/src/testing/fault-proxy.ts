import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";

/** What goes wrong with a connection. Names and meanings after Shopify's toxiproxy. */
export type Toxic =
  | { kind: "latency"; ms: number; jitterMs?: number }
  /** Every connection is refused with a reset. */
  | { kind: "down" }
  | { kind: "bandwidth"; bytesPerSecond: number }
  /** The close of one side reaches the other this much later. */
  | { kind: "slow_close"; ms: number }
  /** Nothing passes; the connection ends after `ms`, or never with 0. */
  | { kind: "timeout"; ms: number }
  /** A reset instead of data, after this many bytes have passed. */
  | { kind: "reset_peer"; afterBytes?: number }
  | { kind: "slicer"; bytes: number; delayMs: number }
  /** The connection is closed in good order after this many bytes. */
  | { kind: "limit_data"; bytes: number };

export type Direction = "to_client" | "to_server";

export interface FaultProxy {
  port: number;
  /** Replaces all toxics; connections that are open feel the new ones too. */
  set(toxics: readonly Toxic[], direction?: Direction): void;
  /** Resets every open connection. */
  cut(): void;
  /** Open at the moment. */
  readonly connections: number;
  /** Ever accepted. */
  readonly accepted: number;
  stop(): Promise<void>;
}

interface Link {
  from: Socket;
  to: Socket;
  toxics(): readonly Toxic[];
  passed: number;
}

/** A TCP proxy on loopback that misbehaves on command. */
export async function startFaultProxy(target: { port: number; host?: string } | { path: string }): Promise<FaultProxy> {
  const toxics: Record<Direction, readonly Toxic[]> = { to_client: [], to_server: [] };
  const open = new Set<Socket>();
  let accepted = 0;

  function all(): readonly Toxic[] {
    return [...toxics.to_client, ...toxics.to_server];
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted++;
    client.on("error", () => undefined);
    if (all().some((toxic) => toxic.kind === "down")) {
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({
      ...("path" in target ? target : { host: "127.0.0.1", ...target }),
      allowHalfOpen: true,
    });
    upstream.on("error", () => client.resetAndDestroy());
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    }
    client.on("close", () => upstream.destroy());
    void pump({ from: client, to: upstream, toxics: () => toxics.to_server, passed: 0 });
    void pump({ from: upstream, to: client, toxics: () => toxics.to_client, passed: 0 });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });

  function cut(): void {
    for (const socket of open) socket.resetAndDestroy();
  }

  return {
    port: (server.address() as AddressInfo).port,
    set(next, direction = "to_client") {
      toxics.to_client = direction === "to_client" ? next : [];
      toxics.to_server = direction === "to_server" ? next : [];
      if (next.some((toxic) => toxic.kind === "down")) cut();
    },
    cut,
    get connections() {
      return open.size / 2;
    },
    get accepted() {
      return accepted;
    },
    async stop() {
      cut();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function pump(link: Link): Promise<void> {
  try {
    for await (const chunk of link.from) {
      if (!(await pass(link, chunk as Buffer))) return;
    }
    const slow = find(link, "slow_close");
    if (slow) await delay(slow.ms);
    link.to.end();
  } catch {
    link.to.resetAndDestroy();
  }
}

/** False when the connection is over. */
async function pass(link: Link, chunk: Buffer): Promise<boolean> {
  const latency = find(link, "latency");
  if (latency) await delay(latency.ms + Math.random() * (latency.jitterMs ?? 0));
  const silence = find(link, "timeout");
  if (silence) return await swallow(link, silence.ms);
  const reset = find(link, "reset_peer");
  const limit = find(link, "limit_data");
  const leftBytes = Math.min(reset ? (reset.afterBytes ?? 0) : Infinity, limit?.bytes ?? Infinity) - link.passed;
  await sliced(link, chunk.subarray(0, Math.max(0, Math.min(chunk.length, leftBytes))));
  if (chunk.length < leftBytes) return true;
  if (reset) {
    // Written bytes must have left before the reset, or they would be thrown away with the connection.
    await delay(20);
    link.to.resetAndDestroy();
  } else {
    link.to.end();
  }
  link.from.destroy();
  return false;
}

async function swallow(link: Link, ms: number): Promise<boolean> {
  if (ms > 0) {
    await delay(ms);
    link.to.end();
    link.from.destroy();
    return false;
  }
  // Until the other side gives up: it may close only its own half, which a socket we never write to would not notice.
  await new Promise<void>((resolve) => {
    link.to.once("close", resolve).once("end", resolve);
  });
  link.to.destroy();
  link.from.destroy();
  return false;
}

async function sliced(link: Link, chunk: Buffer): Promise<void> {
  const slicer = find(link, "slicer");
  const bandwidth = find(link, "bandwidth");
  const size = slicer?.bytes ?? (bandwidth ? Math.max(1, Math.ceil(bandwidth.bytesPerSecond / 10)) : chunk.length);
  for (let start = 0; start < chunk.length && !link.to.destroyed; start += size) {
    const slice = chunk.subarray(start, start + size);
    await write(link.to, slice);
    link.passed += slice.length;
    if (slicer) await delay(slicer.delayMs);
    if (bandwidth) await delay((slice.length / bandwidth.bytesPerSecond) * 1_000);
  }
}

function write(socket: Socket, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // Called with an error as well: a dead socket ends the connection through its own events.
    socket.write(chunk, () => resolve());
  });
}

function find<Kind extends Toxic["kind"]>(link: Link, kind: Kind): Extract<Toxic, { kind: Kind }> | undefined {
  return link.toxics().find((toxic): toxic is Extract<Toxic, { kind: Kind }> => toxic.kind === kind);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
