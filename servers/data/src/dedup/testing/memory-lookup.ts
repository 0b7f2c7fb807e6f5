import type { DuplicateLookup, DocumentKeys, IncomingDocument } from "../deduplicator.ts";

/** A store of the deduplicator's questions in memory, and how to put a document into it. */
export function createMemoryLookup(): DuplicateLookup & { save(document: IncomingDocument, keys: DocumentKeys): void } {
  const saved = new Map<string, IncomingDocument & DocumentKeys>();
  const where = async (matches: (document: IncomingDocument & DocumentKeys) => boolean): Promise<string[]> =>
    [...saved.values()].filter((document) => matches(document)).map(({ id }) => id);
  return {
    save: (document, keys) => void saved.set(document.id, { ...document, ...keys }),
    byCanonicalKey: (key) => where(({ canonicalKey }) => canonicalKey === key),
    byVendorKey: (key) => where(({ vendorKey }) => vendorKey === key),
    byTextHash: (hash) => where(({ textHash }) => textHash === hash),
    async byBandKeys(keys, leastShared, limit) {
      const wanted = new Set(keys);
      return [...saved.values()]
        .map(({ id, bandKeys }) => ({ id, shared: bandKeys.filter((key) => wanted.has(key)).length }))
        .filter(({ shared }) => shared >= leastShared)
        .toSorted((a, b) => b.shared - a.shared)
        .slice(0, limit)
        .map(({ id }) => id);
    },
    texts: async (ids) => new Map(ids.flatMap((id) => (saved.has(id) ? [[id, saved.get(id)!.text] as const] : []))),
  };
}
