/**
 * In how many texts a shingle was seen, within a fixed memory: a count-min sketch with two rows and conservative
 * update (Estan & Varghese 2002). When it is full all counts are halved, so that it speaks of the texts seen lately. Until something is
 * removed or halved it may count too much, never too little.
 */
export interface ShingleCounts {
  /** Distinct shingles of one text. */
  add(shingles: Uint32Array): void;
  remove(shingles: Uint32Array): void;
  count(shingle: number): number;
  /** State to keep across restarts: 2 × cells × 2 bytes and a header. It can be made anew from the stored texts. */
  toBytes(): Uint8Array;
}

const headerBytes = 8;
const highest = 65_535;

/** `cells` is rounded up to a power of two; 4 million (16 MB) hold the shingles of about 30,000 articles. */
export function createShingleCounts(options: { cells: number } | { bytes: Uint8Array }): ShingleCounts {
  const state =
    "bytes" in options ? restore(options.bytes) : { added: 0, rows: new Uint16Array(2 * roundUp(options.cells)) };
  const { rows } = state;
  const cells = rows.length / 2;
  const mask = cells - 1;
  const first = (shingle: number): number => shingle & mask;
  const second = (shingle: number): number =>
    cells + ((Math.imul(shingle ^ (shingle >>> 16), 0x9e_37_79_b1) >>> 4) & mask);

  function halve(): void {
    for (let cell = 0; cell < rows.length; cell += 1) rows[cell]! >>>= 1;
    state.added = Math.floor(state.added / 2);
  }

  return {
    add(shingles) {
      if (state.added > 2 * cells) halve();
      state.added += shingles.length;
      for (const shingle of shingles) {
        const one = first(shingle);
        const two = second(shingle);
        const least = Math.min(rows[one]!, rows[two]!);
        if (least === highest) continue;
        if (rows[one] === least) rows[one] = least + 1;
        if (rows[two] === least) rows[two] = least + 1;
      }
    },
    remove(shingles) {
      state.added = Math.max(0, state.added - shingles.length);
      for (const shingle of shingles) {
        const one = first(shingle);
        const two = second(shingle);
        if (rows[one]! > 0 && rows[one]! < highest) rows[one]! -= 1;
        if (rows[two]! > 0 && rows[two]! < highest) rows[two]! -= 1;
      }
    },
    count: (shingle) => Math.min(rows[first(shingle)]!, rows[second(shingle)]!),
    toBytes() {
      const bytes = new Uint8Array(headerBytes + rows.byteLength);
      new DataView(bytes.buffer).setFloat64(0, state.added, true);
      bytes.set(new Uint8Array(rows.buffer), headerBytes);
      return bytes;
    },
  };
}

function restore(bytes: Uint8Array): { added: number; rows: Uint16Array } {
  const copy = new Uint8Array(bytes);
  const length = (copy.byteLength - headerBytes) / 2;
  if (!Number.isInteger(length) || length < 2 || roundUp(length) !== length) {
    throw new RangeError("Shingle counts were cut or come from another version. Count the stored texts anew.");
  }
  return { added: new DataView(copy.buffer).getFloat64(0, true), rows: new Uint16Array(copy.buffer, headerBytes) };
}

function roundUp(cells: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, cells)));
}
