/** How far a quantile may be off, as a share of itself. */
export const sketchError = 0.02;
const growth = (1 + sketchError) / (1 - sketchError);
const logGrowth = Math.log(growth);
/** Everything below counts as this: half a microsecond where values are milliseconds. */
const smallest = 5e-4;

/**
 * Counts of values in buckets that grow by a fixed factor, so that any quantile of any union of sketches is right to
 * {@link sketchError}. DDSketch, Masson, Rim and Lee, VLDB 12 (2019). Text form: `bucket:count` with blanks between.
 */
export class QuantileSketch {
  readonly #buckets = new Map<number, number>();

  static parse(text: string): QuantileSketch {
    const sketch = new QuantileSketch();
    sketch.mergeText(text);
    return sketch;
  }

  add(value: number, count = 1): void {
    const bucket = Math.ceil(Math.log(Math.max(value, smallest)) / logGrowth);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count);
  }

  /** Takes in what another sketch was written as. */
  mergeText(text: string): void {
    for (const part of text.split(" ")) {
      const colon = part.indexOf(":");
      if (colon <= 0) continue;
      const bucket = Number(part.slice(0, colon));
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + Number(part.slice(colon + 1)));
    }
  }

  /** The least value that `share` of all do not exceed (nearest rank); `undefined` when nothing was added. */
  quantile(share: number): number | undefined {
    const buckets = [...this.#buckets].toSorted(([left], [right]) => left - right);
    const total = buckets.reduce((sum, [, count]) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      // The middle of the bucket, measured by relative distance.
      if (seen >= share * total) return (2 * growth ** bucket) / (growth + 1);
    }
    return undefined;
  }

  toString(): string {
    return [...this.#buckets].map(([bucket, count]) => `${bucket}:${count}`).join(" ");
  }
}
