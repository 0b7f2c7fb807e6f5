export interface Bounds {
  lower: readonly number[];
  upper: readonly number[];
}

/**
 * A low point of `cost` within bounds: the best of a coarse grid, then Hooke and Jeeves' pattern search (JACM 8, 1961).
 * For a handful of parameters and costs without derivatives.
 */
export function minimise(cost: (point: readonly number[]) => number, { lower, upper }: Bounds): number[] {
  let best = lower.map((low, axis) => (low + (upper[axis] ?? low)) / 2);
  let bestCost = cost(best);
  const consider = (point: number[]): boolean => {
    const value = cost(point);
    if (!(value < bestCost)) return false;
    best = point;
    bestCost = value;
    return true;
  };
  for (const point of buildGrid(lower, upper)) consider(point);
  for (let share = 0.2; share > 0.01;) {
    let moved = false;
    for (const [axis, low] of lower.entries()) {
      const high = upper[axis] ?? low;
      for (const direction of [1, -1]) {
        const place = (best[axis] ?? low) + direction * share * (high - low);
        moved = consider(best.with(axis, Math.min(high, Math.max(low, place)))) || moved;
      }
    }
    if (!moved) share /= 2;
  }
  return best;
}

function buildGrid(lower: readonly number[], upper: readonly number[]): number[][] {
  return lower.reduce<number[][]>(
    (points, low, axis) =>
      points.flatMap((point) => [0.2, 0.6].map((share) => [...point, low + share * ((upper[axis] ?? low) - low)])),
    [[]],
  );
}
