/** Turns vectors of one dimension into shorter ones whose inner products are nearly the same. */
export type Projection = (vector: Float32Array) => Float32Array;

/** Places that each component is added to; more make it no more exact, fewer less even. */
const spread = 8;

/**
 * Each component is added, with a sign, to a few places drawn once and for all (Johnson and Lindenstrauss, 1984; sparse
 * after Kane and Nelson, 2014). The same for each process and each start.
 */
export function createProjection(from: number, to: number): Projection {
  const places = new Uint16Array(from * spread);
  const signs = new Int8Array(from * spread);
  let state = 0x9e3779b9;
  const draw = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  for (let index = 0; index < places.length; index += 1) {
    places[index] = draw() % to;
    signs[index] = draw() & 0x8000 ? 1 : -1;
  }
  return (vector) => {
    const projected = new Float32Array(to);
    for (let index = 0; index < from; index += 1) {
      const value = vector[index] ?? 0;
      if (value === 0) continue;
      for (let at = index * spread; at < (index + 1) * spread; at += 1) {
        const place = places[at] ?? 0;
        projected[place] = (projected[place] ?? 0) + (signs[at] ?? 0) * value;
      }
    }
    return projected;
  };
}
