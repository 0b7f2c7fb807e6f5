import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasErrorCode } from "../config/start-errors.ts";
import { formatHead } from "./audit-chain.ts";
import {
  type AuditLine,
  chainExtension,
  type ChainHead,
  genesisHash,
  headExtension,
  parseLine,
} from "./audit-format.ts";
import type { AuditVerifier } from "./audit-keys.ts";
import { readLines } from "./read-lines.ts";

/** What signed checkpoints and head records say about a line of some chain. */
export interface Claim {
  hash: string;
  /** The file that says so. */
  by: string;
}

export type Claims = Map<string, Map<number, Claim>>;

/** All claims whose signatures hold. Where two disagree about a line the first stands; the other chain's own check fails. */
export async function collectClaims(options: {
  directory: string;
  chains: readonly string[];
  verifier: AuditVerifier;
}): Promise<Claims> {
  const claims: Claims = new Map();
  for (const chain of options.chains) {
    try {
      await collectFrom(chain, claims, options);
    } catch (thrown) {
      // Told by the check of that chain itself.
      if (!isFileError(thrown)) throw thrown;
    }
  }
  return claims;
}

async function collectFrom(
  chain: string,
  claims: Claims,
  options: { directory: string; verifier: AuditVerifier },
): Promise<void> {
  let previousHash = genesisHash(chain);
  for await (const line of readLines(join(options.directory, chain + chainExtension))) {
    const mayClaim = line.text?.includes('"kind":"checkpoint"') ?? false;
    const parsed = mayClaim && line.text !== undefined ? parseLine(line.text) : undefined;
    if (parsed && isSigned(parsed, previousHash, options.verifier)) {
      for (const head of readHeads(parsed)) addClaim(claims, head, chain);
    }
    previousHash = line.text?.slice(-66, -2) ?? "";
  }
}

/** An error of the file system, not of this code. */
export function isFileError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && "syscall" in thrown;
}

/** A chain's own head record, when it is exactly what the signer wrote. */
export async function readHeadRecord(
  directory: string,
  chain: string,
  verifier: AuditVerifier,
): Promise<ChainHead | "missing" | "unreadable" | "damaged"> {
  let text: string;
  try {
    text = await readFile(join(directory, chain + headExtension), "utf8");
  } catch (thrown) {
    return hasErrorCode(thrown, "ENOENT") ? "missing" : "unreadable";
  }
  try {
    const { seq, hash, key, signature } = JSON.parse(text) as Record<string, unknown>;
    const isWhole = JSON.stringify({ chain, seq, hash, key, signature }) === text;
    if (!isWhole || typeof seq !== "number" || typeof hash !== "string") return "damaged";
    const head = { chain, seq, hash };
    return verifier.verify(formatHead(head), key, signature) ? head : "damaged";
  } catch {
    return "damaged";
  }
}

export function addClaim(claims: Claims, head: ChainHead, by: string): void {
  const ofChain = claims.get(head.chain) ?? new Map<number, Claim>();
  if (!ofChain.has(head.seq)) ofChain.set(head.seq, { hash: head.hash, by });
  claims.set(head.chain, ofChain);
}

export function isSigned(line: AuditLine, previousHash: string, verifier: AuditVerifier): boolean {
  const { key, signature } = line.value;
  const at = line.body.lastIndexOf(',"signature":');
  return at > 0 && verifier.verify(previousHash + line.body.slice(0, at), key, signature);
}

function readHeads(line: AuditLine): ChainHead[] {
  const heads = line.value["heads"];
  if (!Array.isArray(heads)) return [];
  return heads.flatMap((head: unknown) => {
    const [chain, seq, hash] = Array.isArray(head) ? (head as unknown[]) : [];
    return typeof chain === "string" && typeof seq === "number" && typeof hash === "string"
      ? [{ chain, seq, hash }]
      : [];
  });
}
