import type { Clock } from "@sophia/core/limits/clock";
import { compareTexts } from "./compare-texts.ts";
import type { DuplicateEdge } from "./duplicate-edge.ts";
import { bandKeys, type Fingerprint, isCommonIn, leastSharedKeys, readFingerprint, withOwn } from "./fingerprint.ts";
import type { ShingleCounts } from "./shingle-counts.ts";

export interface IncomingDocument {
  id: string;
  /** Main text, as extracted. */
  text: string;
  /** From `toDocumentKey`; null for what has no address. */
  canonicalKey: string | null;
  /** The source's own id for it, with the source: `"twingly_news:16405819479794412880"`. */
  vendorKey: string | null;
}

/** What a store must answer. Only current versions; the document itself is left out of answers by the deduplicator. */
export interface DuplicateLookup {
  byCanonicalKey(key: string): Promise<string[]>;
  byVendorKey(key: string): Promise<string[]>;
  byTextHash(textHash: string): Promise<string[]>;
  /** Documents with at least `leastShared` of the band keys, most shared first, at most `limit`. */
  byBandKeys(keys: readonly number[], leastShared: number, limit: number): Promise<string[]>;
  /** Main texts of current versions; ids that are gone are left out. */
  texts(ids: readonly string[]): Promise<Map<string, string>>;
}

/** To be stored with the document, in the transaction that saves its edges. */
export interface DocumentKeys {
  /** Hex sha256 of the folded words; null for a text without words. */
  textHash: string | null;
  /** Unsigned 32-bit numbers, at most 64. */
  bandKeys: number[];
}

export interface DuplicateDecision extends DocumentKeys {
  edges: DuplicateEdge[];
}

export interface Deduplicator {
  /** Finds what the document repeats. Nothing is stored here: the caller saves keys and edges, then calls `counted`. */
  examine(document: IncomingDocument): Promise<DuplicateDecision>;
  /** Notes the shingles of a saved document, so that what many documents share stops counting as theirs. */
  counted(document: Pick<IncomingDocument, "text">, repeats?: Pick<IncomingDocument, "text">): void;
}

/** Candidates read and compared for one document, at most. */
const maxCandidates = 32;

export function createDeduplicator(options: {
  lookup: DuplicateLookup;
  counts: ShingleCounts;
  clock: Clock;
}): Deduplicator {
  const { lookup, counts, clock } = options;
  const isCommon = isCommonIn(counts);
  return {
    async examine(document) {
      const fingerprint = withOwn(readFingerprint(document.text), isCommon);
      const hasText = fingerprint.words.length > 0;
      const keys = Array.from(bandKeys(fingerprint));
      const textHash = hasText ? fingerprint.textHash : null;
      const edges = new Map<string, DuplicateEdge>();
      const add = (other: string, reason: DuplicateEdge["reason"], score: number): void => {
        if (other === document.id || edges.has(other)) return;
        const [documentA, documentB] = document.id < other ? [document.id, other] : [other, document.id];
        edges.set(other, { documentA, documentB, reason, score, decidedAt: clock.now() });
      };
      const { canonicalKey, vendorKey } = document;
      const sameAddress = canonicalKey === null ? [] : await lookup.byCanonicalKey(canonicalKey);
      for (const id of await believable(fingerprint, without(sameAddress, document.id))) add(id, "canonical_url", 1);
      if (vendorKey !== null) for (const id of await lookup.byVendorKey(vendorKey)) add(id, "vendor_id", 1);
      if (textHash !== null) for (const id of await lookup.byTextHash(textHash)) add(id, "same_text", 1);
      const near = keys.length === 0 ? [] : await lookup.byBandKeys(keys, leastSharedKeys(keys.length), maxCandidates);
      const unknown = without(near, document.id).filter((id) => !edges.has(id));
      for (const [id, other] of await readAll(unknown)) {
        const found = compareTexts(fingerprint, withOwn(other, isCommon));
        if (found.isDuplicate) add(id, "near_text", (found.coverageA + found.coverageB) / 2);
      }
      return { textHash, bandKeys: keys, edges: [...edges.values()] };
    },
    counted(document, repeats) {
      const { distinct } = readFingerprint(document.text);
      // Twenty prints of one story are one story: only what is new in this print counts.
      const known = repeats === undefined ? undefined : new Set(readFingerprint(repeats.text).distinct);
      counts.add(known === undefined ? distinct : distinct.filter((shingle) => !known.has(shingle)));
    },
  };

  /** Sites declare one address for pages that differ, often their start page: texts with nothing in common are not one. */
  async function believable(fingerprint: Fingerprint, ids: readonly string[]): Promise<string[]> {
    const texts = await readAll(ids.slice(0, maxCandidates));
    return [...texts].filter(([, other]) => mayBeOnePage(fingerprint, other)).map(([id]) => id);
  }

  async function readAll(ids: readonly string[]): Promise<Map<string, Fingerprint>> {
    if (ids.length === 0) return new Map();
    const texts = await lookup.texts(ids);
    return new Map([...texts].map(([id, text]) => [id, readFingerprint(text)]));
  }
}

function without(ids: readonly string[], own: string): string[] {
  return [...new Set(ids)].filter((id) => id !== own);
}

/** At least a fifth of the shorter text stands in the other, or one of them has no text to compare. */
export function mayBeOnePage(a: Fingerprint, b: Fingerprint): boolean {
  const [short, long] = a.distinct.length < b.distinct.length ? [a, b] : [b, a];
  if (short.distinct.length < 8) return true;
  const inLong = new Set(long.distinct);
  let shared = 0;
  for (const shingle of short.distinct) if (inLong.has(shingle)) shared += 1;
  return shared * 5 >= short.distinct.length;
}
