import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { chainExtension, type ChainHead, parseChainName, parseLine } from "./audit-format.ts";

interface KnownHead {
  size: number;
  head: ChainHead | undefined;
}

const firstTailBytes = 16_384;

/**
 * Reads the newest finished line of every chain in the folder; remembers what it saw, so that asking again costs one
 * `stat` for each file that did not grow. A chain that cannot be read is told once to `onUnreadable` and left out: the
 * others must go on, and `verifyAudit` names it.
 */
export function createHeadReader(
  directory: string,
  onUnreadable: (file: string, thrown: unknown) => void,
): () => Promise<ChainHead[]> {
  const known = new Map<string, KnownHead>();
  const told = new Set<string>();
  return async () => {
    const heads: ChainHead[] = [];
    for (const file of await readdir(directory)) {
      const chain = file.slice(0, -chainExtension.length);
      if (!file.endsWith(chainExtension) || !parseChainName(chain)) continue;
      try {
        const head = await readHead(join(directory, file), chain, known);
        if (head) heads.push(head);
      } catch (thrown) {
        if (!told.has(file)) onUnreadable(file, thrown);
        told.add(file);
      }
    }
    return heads;
  };
}

async function readHead(path: string, chain: string, known: Map<string, KnownHead>): Promise<ChainHead | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const last = known.get(chain);
    if (last?.size === size) return last.head;
    const line = parseLine((await readLastLine(file, size)) ?? "");
    const head = line && { chain, seq: line.seq, hash: line.hash };
    known.set(chain, { size, head });
    return head;
  } finally {
    await file.close();
  }
}

/** The last line that ends in a line break. */
async function readLastLine(file: FileHandle, size: number): Promise<string | undefined> {
  for (let length = Math.min(size, firstTailBytes); length > 0; length = Math.min(size, length * 8)) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString("utf8", 0, bytesRead);
    const end = text.lastIndexOf("\n");
    const start = end < 0 ? -1 : text.lastIndexOf("\n", end - 1);
    if (end >= 0 && (start >= 0 || length === size)) return text.slice(start + 1, end);
    if (length === size) return undefined;
  }
  return undefined;
}
