import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAppendFile } from "./append-file.ts";
import {
  buildChainName,
  chainExtension,
  type ChainHead,
  formatBody,
  formatLine,
  genesisHash,
  hashBody,
  headExtension,
} from "./audit-format.ts";
import type { AuditSigner } from "./audit-keys.ts";

/** The chain one process writes. All of it is in one file that nobody else writes to. */
export interface AuditChain {
  readonly name: string;
  head(): ChainHead;
  /** Writes all lines with one system call, or none of them. Throws the disk's error. */
  append(lines: readonly AuditMembers[]): void;
  /** Makes everything appended so far durable. Rejects for ever once the disk has refused. */
  sync(): Promise<void>;
  /** Writes a signed record of the head beside the chain, so that cutting the chain's end shows. */
  recordHead(): void;
  close(): void;
}

/** The members of one line behind `seq` and `at`; a function gets the previous hash and the start of its own body. */
export type AuditMembers = string | ((previousHash: string, formatStart: (members: string) => string) => string);

/** Starts a new chain in a new file. */
export function createAuditChain(options: {
  directory: string;
  writer: string;
  signer: AuditSigner;
  now(): number;
}): AuditChain {
  const name = buildChainName(options.writer, options.now());
  const headPath = join(options.directory, `${name}${headExtension}`);
  let head: ChainHead = { chain: name, seq: 0, hash: genesisHash(name) };
  // The record stands before the chain does: a chain without one is a chain whose record was taken away.
  writeHead(headPath, head, options.signer);
  const file = createAppendFile(join(options.directory, `${name}${chainExtension}`));
  return {
    name,
    head: () => head,
    append(lines) {
      const next = formatLines(lines, head, options.now());
      file.append(Buffer.from(next.text));
      head = next.head;
    },
    sync: file.sync,
    recordHead: () => writeHead(headPath, head, options.signer),
    close: file.close,
  };
}

function formatLines(lines: readonly AuditMembers[], from: ChainHead, atMs: number): { text: string; head: ChainHead } {
  let { seq, hash } = from;
  let text = "";
  for (const line of lines) {
    seq += 1;
    const lineSeq = seq;
    const start = (members: string): string => formatBody(lineSeq, atMs, members);
    const body = start(typeof line === "string" ? line : line(hash, start));
    hash = hashBody(hash, body);
    text += formatLine(body, hash);
  }
  return { text, head: { chain: from.chain, seq, hash } };
}

function writeHead(path: string, head: ChainHead, signer: AuditSigner): void {
  const signature = signer.sign(formatHead(head));
  const draft = `${path}.draft`;
  writeFileSync(draft, JSON.stringify({ ...head, key: signer.keyId, signature }), { mode: 0o600 });
  renameSync(draft, path);
}

/** The signed text of a head record. */
export function formatHead(head: ChainHead): string {
  return `sophia audit head ${head.chain} ${head.seq} ${head.hash}`;
}
