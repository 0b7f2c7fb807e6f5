/** A weighted mean in which what is old counts less: half after each half-life. */
export class FadingMean {
  readonly #halfLifeMs: number;
  #weight = 0;
  #sum = 0;
  #at = -Infinity;

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** A negative weight takes back what was added with the same arguments otherwise. */
  add(value: number, weight: number, at: number): void {
    if (at > this.#at) this.#fadeTo(at);
    const faded = weight * this.#fading(this.#at - at);
    this.#weight = Math.max(0, this.#weight + faded);
    this.#sum = this.#weight === 0 ? 0 : this.#sum + faded * value;
  }

  /** Faded weight at a time. */
  weight(now: number): number {
    return this.#weight * this.#fading(Math.max(0, now - this.#at));
  }

  /** Shrunk to `prior` as if that had been seen `strength` times. */
  mean(prior: number, strength: number, now: number): number {
    const fading = this.#fading(Math.max(0, now - this.#at));
    const weight = this.#weight * fading + strength;
    return weight === 0 ? prior : (this.#sum * fading + prior * strength) / weight;
  }

  #fadeTo(at: number): void {
    const fading = this.#at === -Infinity ? 1 : this.#fading(at - this.#at);
    this.#weight *= fading;
    this.#sum *= fading;
    this.#at = at;
  }

  #fading(ms: number): number {
    return 0.5 ** (ms / this.#halfLifeMs);
  }
}
