/**
 * The usual recipe, to compare with: 128 hashes of 3-word shingles, 32 bands of 4, candidates with a Jaccard index of at
 * least 0.5 over all shingles (Broder 1997; Leskovec, Rajaraman & Ullman, chapter 3). Returns pairs of ids.
 */
export function plainMinHash(documents: readonly { id: string; text: string }[]): string[][] {
  const hashes = Array.from({ length: 128 }, (_, index) => ({ by: mix(index * 2 + 1) | 1, plus: mix(index * 2 + 2) }));
  const sets = documents.map(({ text }) => shinglesOf(text));
  const buckets = new Map<string, number[]>();
  for (const [index, set] of sets.entries()) {
    if (set.size === 0) continue;
    const signature = hashes.map(({ by, plus }) => {
      let least = 0xff_ff_ff_ff;
      for (const shingle of set) least = Math.min(least, mix(Math.imul(shingle, by) + plus));
      return least;
    });
    for (let band = 0; band < 32; band += 1) {
      const key = `${band}:${signature.slice(band * 4, band * 4 + 4).join(",")}`;
      buckets.set(key, [...(buckets.get(key) ?? []), index]);
    }
  }
  const compared = new Set<string>();
  const pairs: string[][] = [];
  for (const bucket of buckets.values()) {
    for (const [place, a] of bucket.entries()) {
      for (const b of bucket.slice(place + 1)) {
        if (compared.has(`${a}|${b}`)) continue;
        compared.add(`${a}|${b}`);
        if (jaccard(sets[a]!, sets[b]!) >= 0.5) pairs.push([documents[a]!.id, documents[b]!.id]);
      }
    }
  }
  return pairs;
}

function shinglesOf(text: string): Set<number> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const shingles = new Set<number>();
  for (let index = 0; index + 3 <= words.length; index += 1) {
    let hash = 7;
    for (const character of words.slice(index, index + 3).join(" "))
      hash = Math.imul(hash, 31) + character.codePointAt(0)!;
    shingles.add(mix(hash));
  }
  return shingles;
}

function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let shared = 0;
  for (const shingle of a) if (b.has(shingle)) shared += 1;
  return shared / (a.size + b.size - shared);
}

function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21_f0_aa_ad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x73_5a_2d_97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
