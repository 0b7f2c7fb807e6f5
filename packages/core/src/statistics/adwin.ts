export interface AdwinOptions {
  /** Chance of a false alarm at each check. Default 0.002. */
  delta?: number;
  /** Values between two checks. Default 32. */
  checkEvery?: number;
}

export interface Adwin {
  /** True when the mean has changed: what came before the change has been forgotten. */
  add(value: number): boolean;
  /** Values since the last change, about. */
  readonly width: number;
  readonly mean: number;
}

interface Bucket {
  total: number;
  variance: number;
}

const bucketsPerRow = 5;
const shortestWindow = 5;
const graceValues = 10;

/**
 * Adaptive windowing: keeps the longest window whose halves agree in their mean, in logarithmic memory. Bifet & Gavaldà,
 * Learning from Time-Changing Data with Adaptive Windowing, SDM 2007; buckets of 2^row values, five in a row.
 */
export function createAdwin(options: AdwinOptions = {}): Adwin {
  const { delta = 0.002, checkEvery = 32 } = options;
  /** Row k holds buckets of 2^k values, the oldest first. */
  const rows: Bucket[][] = [[]];
  let [width, total, variance, seen] = [0, 0, 0, 0];

  function insert(value: number): void {
    rows[0]?.push({ total: value, variance: 0 });
    if (width > 0) variance += (width * (value - total / width) ** 2) / (width + 1);
    width += 1;
    total += value;
    compress();
  }

  function compress(): void {
    for (let row = 0; row < rows.length; row += 1) {
      const buckets = rows[row] ?? [];
      if (buckets.length <= bucketsPerRow) return;
      const [older, newer] = buckets.splice(0, 2);
      if (!older || !newer) return;
      if (row + 1 === rows.length) rows.push([]);
      rows[row + 1]?.push(merge(older, newer, 2 ** row));
    }
  }

  function dropOldest(): void {
    const row = rows.length - 1;
    const bucket = rows[row]?.shift();
    if (!bucket) return;
    const size = 2 ** row;
    width -= size;
    total -= bucket.total;
    const distance = bucket.total / size - (width === 0 ? 0 : total / width);
    variance = Math.max(0, variance - bucket.variance - (size * width * distance ** 2) / (size + width));
    while (rows.length > 1 && rows.at(-1)?.length === 0) rows.pop();
  }

  /** Whether some older part differs from the newer rest by more than chance allows. */
  function hasCut(): boolean {
    let [oldWidth, oldTotal] = [0, 0];
    for (let row = rows.length - 1; row >= 0; row -= 1) {
      for (const bucket of rows[row] ?? []) {
        oldWidth += 2 ** row;
        oldTotal += bucket.total;
        const newWidth = width - oldWidth;
        if (newWidth < shortestWindow) return false;
        if (oldWidth < shortestWindow) continue;
        const gap = Math.abs(oldTotal / oldWidth - (total - oldTotal) / newWidth);
        if (gap > cutThreshold(oldWidth, newWidth)) return true;
      }
    }
    return false;
  }

  function cutThreshold(oldWidth: number, newWidth: number): number {
    const logTerm = Math.log((2 * Math.log(width)) / delta);
    const inverse = 1 / (oldWidth - shortestWindow + 1) + 1 / (newWidth - shortestWindow + 1);
    return Math.sqrt(2 * inverse * (variance / width) * logTerm) + (2 / 3) * inverse * logTerm;
  }

  return {
    add(value) {
      insert(value);
      seen += 1;
      if (seen % checkEvery !== 0 || width <= graceValues) return false;
      let changed = false;
      while (width > graceValues && hasCut()) {
        changed = true;
        dropOldest();
      }
      return changed;
    },
    get width() {
      return width;
    },
    get mean() {
      return width === 0 ? 0 : total / width;
    },
  };
}

function merge(older: Bucket, newer: Bucket, size: number): Bucket {
  const distance = older.total / size - newer.total / size;
  return {
    total: older.total + newer.total,
    variance: older.variance + newer.variance + (size * distance ** 2) / 2,
  };
}

/**
 * Index from which the newest values belong together after the last change of the mean; undefined when it never changed.
 * For telling people since when, not whether.
 */
export function findLastChange(values: readonly number[], options: AdwinOptions = {}): number | undefined {
  const window = createAdwin(options);
  let changedAt: number | undefined;
  for (const [index, value] of values.entries()) {
    if (window.add(value)) changedAt = index + 1 - window.width;
  }
  return changedAt;
}
