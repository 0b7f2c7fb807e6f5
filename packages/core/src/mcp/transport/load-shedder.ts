const sampleMs = 25;
/** Event-loop delay at which calls are refused. Above it, work already taken is late for everybody. */
const targetDelayMs = 60;
/** One stall (a collection, a busy neighbour) is no overload: so many late samples in a row are. */
const lateSamples = 4;
const minActive = 64;

/**
 * Refuses a growing share of calls while the event loop is late, so that what is accepted still succeeds: goodput at
 * three times the capacity stays near its peak, and a refusal costs microseconds.
 */
export class LoadShedder {
  readonly #timer: NodeJS.Timeout;
  #expectedAt: number;
  #share = 0;
  #debt = 0;
  #late = 0;

  constructor() {
    this.#expectedAt = performance.now() + sampleMs;
    this.#timer = setInterval(() => this.#sample(), sampleMs);
    this.#timer.unref();
  }

  /** False when this call is to be refused. `active` requests are under way; a few never are an overload. */
  accepts(active: number): boolean {
    if (active <= minActive) return true;
    this.#debt += this.#share;
    if (this.#debt < 1) return true;
    this.#debt -= 1;
    return false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    const delayMs = now - this.#expectedAt;
    this.#expectedAt = now + sampleMs;
    this.#late = delayMs > targetDelayMs ? this.#late + 1 : 0;
    this.#share = this.#late >= lateSamples ? Math.min(0.95, this.#share + 0.15) : Math.max(0, this.#share - 0.02);
  }
}
