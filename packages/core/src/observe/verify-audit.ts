import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { toFileError } from "../config/start-errors.ts";
import {
  addClaim,
  type Claim,
  type Claims,
  collectClaims,
  isFileError,
  isSigned,
  readHeadRecord,
} from "./audit-claims.ts";
import {
  type AuditLine,
  chainExtension,
  type ChainHead,
  genesisHash,
  hashBody,
  headExtension,
  parseChainName,
  parseLine,
} from "./audit-format.ts";
import { type AuditVerifier, readAuditVerifier } from "./audit-keys.ts";
import { type RawLine, readLines } from "./read-lines.ts";

/** What is wrong with one chain. `line` counts from 1; 0 speaks of the file as a whole. */
export interface AuditProblem {
  chain: string;
  line: number;
  reason: string;
}

/** `closed`: ended in good order. `open`: still written, or its process was killed. `torn`: killed inside a line. */
export interface ChainReport {
  chain: string;
  entries: number;
  checkpoints: number;
  end: "closed" | "open" | "torn";
  /** The newest line that holds. */
  head: ChainHead;
}

export interface AuditReport {
  ok: boolean;
  entries: number;
  chains: readonly ChainReport[];
  /** The first bad line of each damaged chain, oldest chain first. */
  problems: readonly AuditProblem[];
  /** Unusual though nothing recorded is missing: torn ends of killed processes, calls the disk had no room for. */
  notes: readonly AuditProblem[];
  keyIds: readonly string[];
}

interface ChainCheck extends ChainReport {
  problem: AuditProblem | undefined;
  notes: AuditProblem[];
}

/** Checks every line, signature and head of an audit folder against each other. Changes nothing; may run beside writers. */
export async function verifyAudit(directory: string): Promise<AuditReport> {
  const verifier = readAuditVerifier(directory);
  const chains = await listChains(directory, chainExtension);
  // Claims first, chains after: a chain that is being written may then be longer than claimed, never shorter.
  const claims = await collectClaims({ directory, chains, verifier });
  const problems: AuditProblem[] = verifier.damaged.map((file) => {
    return { chain: `keys/${file}`, line: 0, reason: "is not the key it is named after" };
  });
  for (const chain of new Set([...chains, ...(await listChains(directory, headExtension))])) {
    const record = await readHeadRecord(directory, chain, verifier);
    if (typeof record === "object") addClaim(claims, record, `${chain} (head record)`);
    else problems.push({ chain, line: 0, reason: `its head record is ${record}` });
  }
  const checks: ChainCheck[] = [];
  for (const chain of chains) {
    const isSuperseded = hasLaterStart(chain, chains);
    const claimed = claims.get(chain) ?? new Map<number, Claim>();
    checks.push(await checkChain({ directory, chain, verifier, claimed, isSuperseded }));
  }
  problems.push(...checks.flatMap((check) => check.problem ?? []), ...(await findMissingChains(directory, claims)));
  problems.sort((left, right) => startOf(left.chain).localeCompare(startOf(right.chain)));
  return {
    ok: problems.length === 0,
    entries: checks.reduce((sum, check) => sum + check.entries, 0),
    chains: checks.map(({ chain, entries, checkpoints, end, head }) => ({ chain, entries, checkpoints, end, head })),
    problems,
    notes: checks.flatMap((check) => check.notes),
    keyIds: verifier.keyIds,
  };
}

interface ChainOptions {
  directory: string;
  chain: string;
  verifier: AuditVerifier;
  /** What others signed about this chain, by line. */
  claimed: ReadonlyMap<number, Claim>;
  /** The same server has started again since. */
  isSuperseded: boolean;
}

async function checkChain(options: ChainOptions): Promise<ChainCheck> {
  const { chain, claimed } = options;
  const check: ChainCheck = {
    chain,
    entries: 0,
    checkpoints: 0,
    end: "open",
    head: { chain, seq: 0, hash: genesisHash(chain) },
    problem: undefined,
    notes: [],
  };
  try {
    await checkLines(options, check);
  } catch (thrown) {
    if (!isFileError(thrown)) throw thrown;
    check.problem = { chain, line: 0, reason: `cannot be read (${thrown.code ?? "unknown cause"})` };
  }
  const last = [...claimed.keys()].reduce((highest, seq) => Math.max(highest, seq), 0);
  if (last > check.head.seq && !check.problem) {
    const by = claimed.get(last)?.by ?? "";
    check.problem = { chain, line: check.head.seq + 1, reason: `is missing up to line ${last}, which ${by} signed` };
  }
  return check;
}

/** Takes the lines into `check` up to the first bad one. */
async function checkLines(options: ChainOptions, check: ChainCheck): Promise<void> {
  const { chain } = options;
  for await (const raw of readLines(join(options.directory, chain + chainExtension))) {
    if (!raw.isFinished) {
      checkTornEnd(raw, options, check);
      return;
    }
    const reason = checkLine(raw, options, check);
    if (reason === undefined) continue;
    check.problem = { chain, line: raw.number, reason };
    return;
  }
}

/** Takes one line into `check`, or says what is wrong with it. */
function checkLine(raw: RawLine, options: ChainOptions, check: ChainCheck): string | undefined {
  const line = raw.text === undefined ? undefined : parseLine(raw.text);
  if (!line) return "is not a line of an audit trail";
  if (line.seq !== raw.number) return `says it is line ${line.seq}: it was changed, or lines were moved or taken out`;
  const previousHash = check.head.hash;
  if (hashBody(previousHash, line.body) !== line.hash) return "was changed, or the line before it was";
  const claim = options.claimed.get(line.seq);
  if (claim && claim.hash !== line.hash) return `is not the line that ${claim.by} signed`;
  const reason = checkKind(line, previousHash, options, check);
  if (reason === undefined) check.head = { chain: options.chain, seq: line.seq, hash: line.hash };
  return reason;
}

function checkKind(
  line: AuditLine,
  previousHash: string,
  options: ChainOptions,
  check: ChainCheck,
): string | undefined {
  const isStart = line.kind === "start" && line.value["chain"] === options.chain;
  if (isStart !== (line.seq === 1)) return isStart ? "starts the chain again" : "does not start this chain";
  if (line.kind === "entry") check.entries += 1;
  if (line.kind === "end") check.end = "closed";
  if (line.kind === "gap") {
    const reason = `${String(line.value["lost"])} calls before it could not be recorded`;
    check.notes.push({ chain: options.chain, line: line.seq, reason });
  }
  if (line.kind !== "checkpoint") return undefined;
  check.checkpoints += 1;
  return isSigned(line, previousHash, options.verifier) ? undefined : "its signature does not hold";
}

/** A process that is killed inside a write leaves part of a line that nobody was told about. */
function checkTornEnd(raw: RawLine, options: ChainOptions, check: ChainCheck): void {
  const { chain, isSuperseded } = options;
  const isPart = !/"hash":"[0-9a-f]{64}"\}./.test(raw.text ?? "");
  check.end = "torn";
  if (isPart && isSuperseded) {
    check.notes.push({ chain, line: raw.number, reason: "was cut off when its process was killed" });
    return;
  }
  const reason = isPart
    ? "is cut off and its server has not started since: verify again if it is just being written"
    : "has no line break after its hash";
  check.problem = { chain, line: raw.number, reason };
}

async function listChains(directory: string, extension: string): Promise<string[]> {
  const files = await readdir(directory).catch((thrown: unknown) => {
    throw toFileError(thrown, directory);
  });
  return files
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort((left, right) => startOf(left).localeCompare(startOf(right)));
}

/** Chains that somebody signed for and that are not there. Looked for again: a new one may have come meanwhile. */
async function findMissingChains(directory: string, claims: Claims): Promise<AuditProblem[]> {
  const missing: AuditProblem[] = [];
  for (const [chain, claimed] of claims) {
    const last = Math.max(...claimed.keys());
    // A record without a line: its process died before the file was made.
    if (last === 0) continue;
    if (parseChainName(chain) && (await isPresent(join(directory, chain + chainExtension)))) continue;
    const by = claimed.get(last)?.by ?? "";
    missing.push({
      chain,
      line: 0,
      reason: `the whole file is missing; ${by} signed its line ${last}`,
    });
  }
  return missing;
}

async function isPresent(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function hasLaterStart(chain: string, chains: readonly string[]): boolean {
  const own = parseChainName(chain);
  return chains.some((other) => {
    const name = parseChainName(other);
    return name !== undefined && name.writer === own?.writer && name.startedAt > own.startedAt;
  });
}

function startOf(chain: string): string {
  return `${parseChainName(chain)?.startedAt ?? "0"} ${chain}`;
}
