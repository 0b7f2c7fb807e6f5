import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { chainExtension, type ChainHead, parseChainName, parseLine } from "./audit-format.ts";

interface KnownChain {
  size: number;
  head?: ChainHead;
  /** What is known of its end: not looked at, may grow, or ended in order and never looked at again. */
  end: "unread" | "open" | "closed";
}

interface Tail {
  size: number;
  head: ChainHead | undefined;
  end: "open" | "closed";
}

const firstTailBytes = 16_384;
/**
 * Chains gather with every start. A new writer names the newest of those that it finds; they name the ones before, and
 * so on: whoever takes a chain away has to take all later ones away with it.
 */
const newestAtFirst = 64;
const unreadAtOnce = 64;

/**
 * Reads the newest finished line of the chains in the folder; remembers what it saw, so that asking again costs one
 * `stat` for each chain that may still grow, and nothing for those that are closed. A chain that cannot be read is told
 * once to `onUnreadable` and left out: the others must go on, and `verifyAudit` names it.
 */
export function createHeadReader(
  directory: string,
  onUnreadable: (file: string, thrown: unknown) => void,
): () => Promise<ChainHead[]> {
  const known = new Map<string, KnownChain>();
  const told = new Set<string>();
  const pathOf = (chain: string): string => join(directory, `${chain}${chainExtension}`);
  let isFirst = true;

  async function attempt<T>(chain: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (thrown) {
      if (!told.has(chain)) onUnreadable(`${chain}${chainExtension}`, thrown);
      told.add(chain);
      return undefined;
    }
  }

  async function findGrown(chains: readonly string[]): Promise<{ chain: string; size: number; changedAt: number }[]> {
    const grown = [];
    for (const chain of chains) {
      const last = known.get(chain);
      if (last?.end === "closed") continue;
      const found = await attempt(chain, () => stat(pathOf(chain)));
      if (found && found.size !== last?.size) grown.push({ chain, size: found.size, changedAt: found.mtimeMs });
    }
    return grown.toSorted((left, right) => right.changedAt - left.changedAt);
  }

  return async () => {
    const chains = await listChains(directory);
    const unread = chains.filter((chain) => known.get(chain)?.end === "unread").slice(0, unreadAtOnce);
    for (const [index, { chain, size }] of (await findGrown(chains)).entries()) {
      const isOld = isFirst && index >= newestAtFirst;
      const tail = isOld ? undefined : await attempt(chain, () => readTail(pathOf(chain), chain));
      if (tail?.head) known.set(chain, { size, head: tail.head, end: tail.end });
      else if (tail || isOld) known.set(chain, { size, end: isOld ? "unread" : "open" });
    }
    isFirst = false;
    // Old ones are not named again; this only finds out which of them never need a look any more.
    for (const chain of unread) {
      const last = known.get(chain);
      const tail = last?.end === "unread" ? await attempt(chain, () => readTail(pathOf(chain), chain)) : undefined;
      if (last && tail?.size === last.size) known.set(chain, { ...last, end: tail.end });
    }
    return chains.flatMap((chain) => known.get(chain)?.head ?? []);
  };
}

async function listChains(directory: string): Promise<string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => file.endsWith(chainExtension))
    .map((file) => file.slice(0, -chainExtension.length))
    .filter((chain) => parseChainName(chain));
}

async function readTail(path: string, chain: string): Promise<Tail> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const lines = (await readLastLines(file, size)).map(parseLine);
    const last = lines.at(-1);
    // A writer that ends in order leaves an end and the checkpoint behind it.
    const isClosed = lines.length === 2 && lines[0]?.kind === "end" && last?.kind === "checkpoint";
    const head = last && { chain, seq: last.seq, hash: last.hash };
    return { size, head, end: isClosed ? "closed" : "open" };
  } finally {
    await file.close();
  }
}

/** The last two lines that end in a line break; fewer where there are not so many. */
async function readLastLines(file: FileHandle, size: number): Promise<string[]> {
  for (let length = Math.min(size, firstTailBytes); length > 0; length = Math.min(size, length * 8)) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString("utf8", 0, bytesRead);
    const lines = text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .slice(0, -1);
    // The first may lack its beginning.
    if (lines.length > 2 || length === size) return lines.slice(-2);
  }
  return [];
}
