import { mkdirSync } from "node:fs";
import type { Logger } from "pino";
import { formatCommand } from "../config/command-line.ts";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import { type AuditChain, type AuditMembers, createAuditChain } from "./audit-chain.ts";
import { type AuditEntry, type ChainHead, formatEntry } from "./audit-format.ts";
import { createHeadReader } from "./audit-heads.ts";
import { type AuditSigner, openAuditSigner } from "./audit-keys.ts";

export type { AuditEntry } from "./audit-format.ts";
export { verifyAudit } from "./verify-audit.ts";

export interface Audit {
  /**
   * Records an answered call. Resolves when the line is with the operating system; all calls of one turn of the event
   * loop share one write. A disk that is full does not fail the call: the loss is counted, logged and chained later.
   */
  read(entry: AuditEntry): Promise<void>;
  /** Records a change, durably. Rejects with `unavailable` when that cannot be promised: then do not change anything. */
  write(entry: AuditEntry): Promise<void>;
  /** The newest line, to be shown elsewhere: whoever changes the file cannot change what was shown. */
  head(): ChainHead;
  /** Calls that could not be recorded since the start. */
  lost(): number;
  /** Can the audit be written? After a failure it is tried here, so that asking also finds out that there is room again. */
  check(): Promise<{ ok: boolean; detail: string }>;
  /** Writes what is waiting and a last checkpoint. */
  close(): Promise<void>;
}

export interface AuditOptions {
  /** `<dataDir>/audit`. Made with mode 0700 when missing. */
  directory: string;
  /** The server's id; part of the file's name. */
  writer: string;
  log: Logger;
  clock: Clock;
  /** A signed checkpoint after so many lines (1,000)… */
  checkpointEntries?: number;
  /** …and this long after a line that has none (10 s). */
  checkpointMs?: number;
}

interface Waiting {
  members: AuditMembers;
  isDurable: boolean;
  resolve(): void;
  reject(error: AppError): void;
}

const maximumWaiting = 10_000;
const syncDeadlineMs = 5_000;

/** Opens this process's own chain in the audit folder. Call once per process; `close` ends the chain. */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const audit = new AuditWriter(options);
  await audit.start();
  return audit;
}

class AuditWriter implements Audit {
  readonly #options: AuditOptions;
  readonly #signer: AuditSigner;
  readonly #readHeads: () => Promise<ChainHead[]>;
  readonly #listed = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #chain: AuditChain;
  #waiting: Waiting[] = [];
  #checkpoint: Promise<void> | undefined;
  #uncovered = 0;
  #lost = 0;
  #untold = 0;
  #isFailing = false;
  #isBroken = false;
  #isClosed = false;

  constructor(options: AuditOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#options = options;
    this.#signer = openAuditSigner(options.directory);
    this.#readHeads = createHeadReader(options.directory, (file, thrown) => {
      options.log.error(
        { err: thrown, file },
        `an audit file cannot be read: run \`${formatCommand("audit verify")}\``,
      );
    });
    this.#chain = this.#openChain();
    this.#timer = setInterval(() => this.#startCheckpoint(), options.checkpointMs ?? 10_000).unref();
  }

  async start(): Promise<void> {
    await this.#writeCheckpoint();
  }

  #openChain(): AuditChain {
    const { directory, writer, clock } = this.#options;
    const chain = createAuditChain({ directory, writer, signer: this.#signer, now: () => clock.now() });
    chain.append([`"kind":"start","chain":"${chain.name}","key":"${this.#signer.keyId}"`]);
    this.#listed.clear();
    return chain;
  }

  read(entry: AuditEntry): Promise<void> {
    return this.#enqueue(formatEntry(entry), false).catch(() => this.#countLoss());
  }

  write(entry: AuditEntry): Promise<void> {
    return this.#enqueue(formatEntry(entry), true);
  }

  head(): ChainHead {
    return this.#chain.head();
  }

  lost(): number {
    return this.#lost;
  }

  async check(): Promise<{ ok: boolean; detail: string }> {
    if (this.#isFailing && !this.#isClosed) await this.#tryAgain();
    const lost = this.#lost === 0 ? "" : `, ${this.#lost} calls not recorded`;
    if (!this.#isFailing) return { ok: true, detail: `written${lost}` };
    return { ok: false, detail: `cannot be written: changes are refused${lost}` };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosed = true;
    this.#flush();
    await this.#checkpoint;
    try {
      this.#appendWithGap(['"kind":"end"']);
      await this.#writeCheckpoint();
    } catch (thrown) {
      // A full disk must not keep the server from stopping; the chain then ends like that of a killed process.
      this.#reportFailure(thrown);
    } finally {
      this.#chain.close();
    }
  }

  #enqueue(members: AuditMembers, isDurable: boolean): Promise<void> {
    if (this.#isClosed || this.#waiting.length >= maximumWaiting) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ members, isDurable, resolve, reject });
    });
  }

  /** One write for everything that is waiting. */
  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    try {
      if (this.#isBroken) this.#replaceChain();
      this.#appendWithGap(batch.map((waiting) => waiting.members));
    } catch (thrown) {
      this.#reportFailure(thrown);
      for (const waiting of batch) waiting.reject(unavailable(thrown));
      return;
    }
    this.#reportRecovery();
    const durable = batch.filter((waiting) => waiting.isDurable);
    for (const waiting of batch) if (!waiting.isDurable) waiting.resolve();
    if (durable.length > 0) this.#settleDurable(durable);
    this.#uncovered += batch.length;
    if (this.#uncovered >= (this.#options.checkpointEntries ?? 1_000)) this.#startCheckpoint();
  }

  #settleDurable(batch: readonly Waiting[]): void {
    const chain = this.#chain;
    const reject = (thrown?: unknown): void => batch.forEach((waiting) => waiting.reject(unavailable(thrown)));
    const deadline = setTimeout(reject, syncDeadlineMs);
    chain
      .sync()
      .then(
        () => batch.forEach((waiting) => waiting.resolve()),
        (thrown: unknown) => {
          this.#reportFailure(thrown);
          if (this.#chain === chain) this.#isBroken = true;
          reject(thrown);
        },
      )
      .finally(() => clearTimeout(deadline));
  }

  /** Behind what was lost before, if anything was. */
  #appendWithGap(lines: readonly AuditMembers[]): void {
    const gap = this.#untold > 0 ? [`"kind":"gap","lost":${this.#untold}`] : [];
    this.#chain.append([...gap, ...lines]);
    this.#untold = 0;
  }

  async #tryAgain(): Promise<void> {
    try {
      if (this.#isBroken) this.#replaceChain();
      await this.#writeCheckpoint();
      this.#reportRecovery();
    } catch (thrown) {
      this.#reportFailure(thrown);
    }
  }

  #replaceChain(): void {
    const broken = this.#chain;
    this.#chain = this.#openChain();
    this.#isBroken = false;
    broken.close();
    this.#startCheckpoint();
  }

  #startCheckpoint(): void {
    if (this.#checkpoint || this.#uncovered === 0) return;
    this.#checkpoint = this.#writeCheckpoint()
      .catch((thrown: unknown) => this.#reportFailure(thrown))
      .finally(() => (this.#checkpoint = undefined));
  }

  /** Signs the own head and the heads of all chains that moved since this chain last named them. */
  async #writeCheckpoint(): Promise<void> {
    const others = await this.#readHeads();
    const chain = this.#chain;
    const moved = others.filter((head) => head.chain !== chain.name && this.#listed.get(head.chain) !== head.seq);
    const heads = JSON.stringify(moved.map((head) => [head.chain, head.seq, head.hash]));
    chain.append([
      (previousHash, start) => {
        const claim = `"kind":"checkpoint","heads":${heads},"key":"${this.#signer.keyId}"`;
        return `${claim},"signature":"${this.#signer.sign(previousHash + start(claim))}"`;
      },
    ]);
    for (const head of moved) this.#listed.set(head.chain, head.seq);
    this.#uncovered = 0;
    await chain.sync();
    chain.recordHead();
    this.#options.log.debug({ auditHead: chain.head() }, "audit checkpoint");
  }

  #countLoss(): void {
    this.#lost += 1;
    this.#untold += 1;
  }

  #reportFailure(thrown: unknown): void {
    if (!this.#isFailing) this.#options.log.error({ err: thrown }, "the audit trail cannot be written");
    this.#isFailing = true;
  }

  #reportRecovery(): void {
    if (this.#isFailing) this.#options.log.info({ lost: this.#lost }, "the audit trail is written again");
    this.#isFailing = false;
  }
}

function unavailable(cause?: unknown): AppError {
  return new AppError("unavailable", "The audit trail cannot be written.", {
    hint: "Changes are refused until there is room on the disk of the data directory.",
    cause,
  });
}
