// PostgreSQL with pgvector, compiled to WebAssembly, behind a socket: for tests on machines whose PostgreSQL lacks it.
// One backend serves all connections, so a transaction keeps the others waiting until it ends.
import { createServer, type Socket } from "node:net";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";

const sslRequest = 80_877_103;
const ready = "Z".charCodeAt(0);
const idle = "I".charCodeAt(0);
const endsBatch = new Set(["Q", "S"].map((letter) => letter.charCodeAt(0)));
const endsSession = "X".charCodeAt(0);

const db = await PGlite.create({ extensions: { vector } });
/** Whose turn it is; the next waits for it. */
let turn: Promise<void> = Promise.resolve();

async function takeTurn(): Promise<() => void> {
  const before = turn;
  const { promise, resolve } = Promise.withResolvers<void>();
  turn = before.then(() => promise);
  await before;
  return resolve;
}

class Session {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #batch: Buffer[] = [];
  #hasStarted = false;
  #leave: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#read();
    });
    socket.on("close", () => this.#do(() => this.#abandon()));
  }

  #read(): void {
    for (;;) {
      const head = this.#hasStarted ? 1 : 0;
      if (this.#received.length < head + 4) return;
      const end = head + this.#received.readUInt32BE(head);
      if (this.#received.length < end) return;
      const message = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      if (this.#hasStarted) this.#take(message);
      else this.#start(message);
    }
  }

  #start(message: Buffer): void {
    if (message.readUInt32BE(4) === sslRequest) return void this.#socket.write("N");
    this.#hasStarted = true;
    const settings = { server_version: "17.0", client_encoding: "UTF8", standard_conforming_strings: "on" };
    const told = Object.entries(settings).map(([name, value]) => frame("S", Buffer.from(`${name}\0${value}\0`)));
    const [allowed, key, state] = [frame("R", Buffer.alloc(4)), frame("K", Buffer.alloc(8)), frame("Z", "I")];
    this.#socket.write(Buffer.concat([allowed, ...told, key, state]));
  }

  #take(message: Buffer): void {
    const kind = message[0] ?? 0;
    if (kind === endsSession) return void this.#socket.end();
    this.#batch.push(message);
    if (!endsBatch.has(kind)) return;
    const batch = Buffer.concat(this.#batch);
    this.#batch = [];
    this.#do(() => this.#run(batch));
  }

  #do(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(() => void this.#socket.destroy());
  }

  async #run(batch: Buffer): Promise<void> {
    this.#leave ??= await takeTurn();
    const answer = Buffer.from(await db.execProtocolRaw(batch));
    if (!this.#socket.destroyed) this.#socket.write(answer);
    if (answer.at(-6) === ready && answer.at(-1) === idle) this.#pass();
  }

  /** A client that went away in the middle of a transaction has rolled it back. */
  async #abandon(): Promise<void> {
    if (!this.#leave) return;
    await db.execProtocolRaw(frame("Q", "rollback\0"));
    this.#pass();
  }

  #pass(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}

function frame(kind: string, content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const server = createServer((socket) => void new Session(socket));
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.stdout.write("PGlite accepts connections\n"));
process.once("SIGTERM", () => process.exit(0));
