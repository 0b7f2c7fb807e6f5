import type { Quantiles } from "./endpoint-health.ts";

const lowestMs = 5;
const growth = 1.2;
/** 5 ms × 1.2^64 is ten minutes: longer than any deadline of a model call. */
const bucketCount = 64;
/** After so many samples an old one weighs half. */
const halfLifeSamples = 50;
const decay = 0.5 ** (1 / halfLifeSamples);
const heaviest = 1e200;

/**
 * Quantiles of the recent past in 512 bytes: a histogram with buckets 20 % apart in which old samples fade
 * exponentially. Unlike P² it forgets, and unlike a window it needs no memory of single samples.
 */
export class LatencySketch {
  readonly #weights = new Float64Array(bucketCount);
  #total = 0;
  /** Weight of the next sample; growing it is the same as letting all others fade. */
  #unit = 1;

  add(ms: number): void {
    const position = Math.ceil(Math.log(Math.max(ms, lowestMs) / lowestMs) / Math.log(growth));
    const bucket = Math.min(bucketCount - 1, position);
    this.#unit /= decay;
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + this.#unit;
    this.#total += this.#unit;
    if (this.#unit > heaviest) this.#rescale();
  }

  read(): Quantiles | undefined {
    return this.#total === 0 ? undefined : { p50: this.#quantile(0.5), p95: this.#quantile(0.95) };
  }

  #quantile(part: number): number {
    let below = 0;
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      below += this.#weights[bucket] ?? 0;
      // The geometric middle of the bucket; its true values lie within 10 % of it.
      if (below >= part * this.#total) return Math.round(lowestMs * growth ** (bucket - 0.5));
    }
    return Math.round(lowestMs * growth ** (bucketCount - 1));
  }

  #rescale(): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      this.#weights[bucket] = (this.#weights[bucket] ?? 0) / this.#unit;
    }
    this.#total /= this.#unit;
    this.#unit = 1;
  }
}
