import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";

export const challengeHeader = "x-sophia-challenge";
export const proofHeader = "x-sophia-proof";

/** The server's end of the connection that is to be proven. */
interface Endpoint {
  address: string | undefined;
  port: number | undefined;
}

export type Prove = (challenge: string, endpoint: Endpoint) => string;

const proofTimeoutMs = 2_000;
const maxAnswerBytes = 16_384;

/** The other end of a connection is not the server of this data directory. */
export class NotOurServer extends Error {
  constructor(reason: string) {
    super(`The program that answers there is not the server of this data directory: ${reason}.`);
    this.name = "NotOurServer";
  }
}

/**
 * Proves knowledge of the data directory's key, so that a bearer goes to nobody else who happens to have the port.
 * Address and port belong to the proof: one who passes challenges on to the true server has another of them.
 */
export function createProver(planKey: Buffer, serverId: string): Prove {
  const key = createHmac("sha256", planKey).update("sophia server proof").digest();
  return (challenge, { address, port }) =>
    createHmac("sha256", key)
      .update(JSON.stringify([serverId, plainAddress(address), port, challenge]))
      .digest("hex");
}

/**
 * Lets the other end of a fresh connection prove itself, before anything else is said on it. Spoken by hand, because
 * what is proven is this very connection. Throws {@link NotOurServer} when the proof is wrong or missing.
 */
export async function proveConnection(socket: Socket, prove: Prove): Promise<void> {
  const challenge = randomBytes(32).toString("hex");
  const host = socket.remoteFamily === "IPv6" ? "[::1]" : "127.0.0.1";
  socket.write(`GET /livez HTTP/1.1\r\nhost: ${host}\r\n${challengeHeader}: ${challenge}\r\n\r\n`);
  const head = await readAnswer(socket);
  const proof = new RegExp(`^${proofHeader}: ([0-9a-f]{64})\\r?$`, "im").exec(head)?.[1];
  const expected = prove(challenge, { address: socket.remoteAddress, port: socket.remotePort });
  if (proof === undefined) throw new NotOurServer("it proves nothing");
  if (!timingSafeEqual(Buffer.from(proof), Buffer.from(expected))) throw new NotOurServer("its proof is wrong");
}

/** Reads one whole answer and leaves the connection ready for the next. Resolves with its head. */
async function readAnswer(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const onReadable = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read())
      text += chunk.toString("latin1");
    if (text.length > maxAnswerBytes) reject(new NotOurServer("its answer is too long"));
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = Number(/^content-length: (\d+)\r?$/im.exec(text.slice(0, end))?.[1] ?? NaN);
    if (Number.isNaN(length)) reject(new NotOurServer("its answer has no length"));
    else if (text.length >= end + 4 + length) resolve(text.slice(0, end));
  };
  const onEnd = (): void => reject(new Error("The connection was closed before an answer."));
  const timer = setTimeout(() => reject(new NotOurServer("it does not answer")), proofTimeoutMs);
  socket.on("readable", onReadable).on("end", onEnd).on("close", onEnd).on("error", reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off("readable", onReadable).off("end", onEnd).off("close", onEnd).off("error", reject);
  }
}

/** A server that listens on all addresses sees those of IPv4 in the form of IPv6. */
function plainAddress(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:/, "");
}
