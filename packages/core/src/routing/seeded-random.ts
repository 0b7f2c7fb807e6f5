/** Uniform in [0, 1), the same sequence for the same seed: for exploration that a test or a benchmark can repeat. */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // Mulberry32, public domain, Tommy Ettinger 2017: 2^32 values, each once.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
