export interface AdwinOptions {
  /** Chance of a false alarm at each check. Default 0.002. */
  delta?: number;
  /** Values between two checks. Default 32. */
  checkEvery?: number;
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
export class Adwin {
  readonly #delta: number;
  readonly #checkEvery: number;
  /** Row k holds buckets of 2^k values, the oldest first. */
  readonly #rows: Bucket[][] = [[]];
  #width = 0;
  #total = 0;
  #variance = 0;
  #seen = 0;

  constructor({ delta = 0.002, checkEvery = 32 }: AdwinOptions = {}) {
    this.#delta = delta;
    this.#checkEvery = checkEvery;
  }

  /** Values since the last change, about. */
  get width(): number {
    return this.#width;
  }

  get mean(): number {
    return this.#width === 0 ? 0 : this.#total / this.#width;
  }

  /** True when the mean has changed: what came before the change has been forgotten. */
  add(value: number): boolean {
    this.#insert(value);
    this.#seen += 1;
    if (this.#seen % this.#checkEvery !== 0) return false;
    let changed = false;
    while (this.#width > graceValues && this.#hasCut()) {
      changed = true;
      this.#dropOldest();
    }
    return changed;
  }

  #insert(value: number): void {
    this.#rows[0]?.push({ total: value, variance: 0 });
    if (this.#width > 0) this.#variance += (this.#width * (value - this.mean) ** 2) / (this.#width + 1);
    this.#width += 1;
    this.#total += value;
    for (let row = 0; row < this.#rows.length; row += 1) {
      const buckets = this.#rows[row] ?? [];
      if (buckets.length <= bucketsPerRow) return;
      const [older, newer] = buckets.splice(0, 2);
      if (!older || !newer) return;
      if (row + 1 === this.#rows.length) this.#rows.push([]);
      this.#rows[row + 1]?.push(merge(older, newer, 2 ** row));
    }
  }

  #dropOldest(): void {
    const row = this.#rows.length - 1;
    const bucket = this.#rows[row]?.shift();
    if (!bucket) return;
    const size = 2 ** row;
    this.#width -= size;
    this.#total -= bucket.total;
    const between = (size * this.#width * (bucket.total / size - this.mean) ** 2) / (size + this.#width);
    this.#variance = Math.max(0, this.#variance - bucket.variance - between);
    while (this.#rows.length > 1 && this.#rows.at(-1)?.length === 0) this.#rows.pop();
  }

  /** Whether some older part differs from the newer rest by more than chance allows. */
  #hasCut(): boolean {
    let oldWidth = 0;
    let oldTotal = 0;
    for (let row = this.#rows.length - 1; row >= 0; row -= 1) {
      for (const bucket of this.#rows[row] ?? []) {
        oldWidth += 2 ** row;
        oldTotal += bucket.total;
        const newWidth = this.#width - oldWidth;
        if (newWidth < shortestWindow) return false;
        if (oldWidth < shortestWindow) continue;
        const gap = Math.abs(oldTotal / oldWidth - (this.#total - oldTotal) / newWidth);
        if (gap > this.#threshold(oldWidth, newWidth)) return true;
      }
    }
    return false;
  }

  #threshold(oldWidth: number, newWidth: number): number {
    const logTerm = Math.log((2 * Math.log(this.#width)) / this.#delta);
    const inverse = 1 / (oldWidth - shortestWindow + 1) + 1 / (newWidth - shortestWindow + 1);
    return Math.sqrt(2 * inverse * (this.#variance / this.#width) * logTerm) + (2 / 3) * inverse * logTerm;
  }
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
  const window = new Adwin(options);
  let changedAt: number | undefined;
  for (const [index, value] of values.entries()) {
    if (window.add(value)) changedAt = index + 1 - window.width;
  }
  return changedAt;
}
