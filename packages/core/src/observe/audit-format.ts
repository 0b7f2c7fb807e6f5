import { hash, randomBytes } from "node:crypto";

/** One thing that was asked of a server, or done by it. Arguments appear as their hash only. */
export interface AuditEntry {
  requestId: string;
  /** Id of the caller's token. */
  caller: string;
  server: string;
  tool: string;
  effect: string;
  /**
   * `call`: an answered call. `before` and `after`: around the effect of a change. `decide`: a person's word on a plan.
   * `token`: a token made or revoked. `secret`: a person read or changed secrets on the command line. `auth`: a bearer that was refused. `end`: a server ended that nobody had stopped.
   */
  phase: "call" | "before" | "after" | "decide" | "token" | "secret" | "auth" | "end";
  /** SHA-256, hex. */
  argumentsHash: string;
  outcome: string;
  durationMs?: number;
  planId?: string;
  /** Ids, separated by blanks, of the tokens that were made or revoked. */
  tokenId?: string;
  costUsd?: number;
  rotation?: AuditedRotation;
}

/** A step of a rotation: which secret, between which revisions. Fingerprints are HMACs; a value is never here. */
export interface AuditedRotation {
  id: string;
  environment: string;
  path: string;
  step: string;
  preRevision?: number;
  postRevision?: number;
  oldFingerprint?: string;
  newFingerprint?: string;
}

/** The newest line of a chain: enough to notice later that it was changed or taken away. */
export interface ChainHead {
  chain: string;
  seq: number;
  hash: string;
}

/** One line taken apart. `body` is the hashed text. */
export interface AuditLine {
  seq: number;
  kind: string;
  body: string;
  hash: string;
  value: Record<string, unknown>;
}

export const chainExtension = ".jsonl";
export const headExtension = ".head";
const chainName = /^(?<writer>[a-z][a-z0-9]*)-(?<startedAt>\d{8}T\d{9}Z)-\d+-[0-9a-f]{8}$/;
const hashSuffix = /,"hash":"(?<hash>[0-9a-f]{64})"\}$/;
const suffixLength = ',"hash":""}'.length + 64;

/** File name of a chain, unique by process and random part, sortable by writer and start time. */
export function buildChainName(writer: string, startedAtMs: number): string {
  const time = new Date(startedAtMs).toISOString().replace(/[-:.]/g, "");
  return `${writer}-${time}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

export function parseChainName(name: string): { writer: string; startedAt: string } | undefined {
  const groups = chainName.exec(name)?.groups;
  return groups && { writer: groups["writer"] ?? "", startedAt: groups["startedAt"] ?? "" };
}

/** What stands for the previous hash in a chain's first line. A chain cannot be passed off under another name. */
export function genesisHash(chain: string): string {
  return hash("sha256", `sophia audit chain ${chain}`);
}

/** The fields of a line behind `seq` and `at`, as JSON members without braces. */
export function formatEntry(entry: AuditEntry): string {
  const optional =
    (entry.durationMs === undefined ? "" : `,"durationMs":${JSON.stringify(entry.durationMs)}`) +
    (entry.planId === undefined ? "" : `,"planId":${JSON.stringify(entry.planId)}`) +
    (entry.tokenId === undefined ? "" : `,"tokenId":${JSON.stringify(entry.tokenId)}`) +
    (entry.costUsd === undefined ? "" : `,"costUsd":${JSON.stringify(entry.costUsd)}`) +
    (entry.rotation === undefined ? "" : `,"rotation":${JSON.stringify(entry.rotation)}`);
  return (
    `"kind":"entry","requestId":${JSON.stringify(entry.requestId)},"caller":${JSON.stringify(entry.caller)}` +
    `,"server":${JSON.stringify(entry.server)},"tool":${JSON.stringify(entry.tool)}` +
    `,"effect":${JSON.stringify(entry.effect)},"phase":"${entry.phase}"` +
    `,"argumentsHash":${JSON.stringify(entry.argumentsHash)},"outcome":${JSON.stringify(entry.outcome)}${optional}`
  );
}

/** The text that is hashed and, for a checkpoint, signed. */
export function formatBody(seq: number, atMs: number, members: string): string {
  return `{"seq":${seq},"at":${atMs},${members}`;
}

export function hashBody(previousHash: string, body: string): string {
  return hash("sha256", previousHash + body);
}

export function formatLine(body: string, lineHash: string): string {
  return `${body},"hash":"${lineHash}"}\n`;
}

/** A finished line (without its line break), or undefined when it is not one. Says nothing about its truth. */
export function parseLine(line: string): AuditLine | undefined {
  const lineHash = hashSuffix.exec(line)?.groups?.["hash"];
  if (lineHash === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { seq, kind } = value as { seq?: unknown; kind?: unknown };
  if (typeof seq !== "number" || typeof kind !== "string") return undefined;
  return { seq, kind, hash: lineHash, body: line.slice(0, -suffixLength), value: value as Record<string, unknown> };
}
