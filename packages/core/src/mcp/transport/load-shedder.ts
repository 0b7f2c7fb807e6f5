const sampleMs = 10;
/** How late the event loop may be: what is taken later than this in one turn makes everybody wait. */
const targetDelayMs = 10;
/** So few calls in one turn are no queue, however long they take. */
const minTaken = 4;
/** So many late calls are taken all the same: a burst, or what waited behind one stall, is no overload. */
const patience = 64;
/** The loop must be in time for so long (400 ms) before there is patience again. */
const calmSamples = 40;

/**
 * Refuses calls while the event loop is late. Under overload Node finds hundreds of requests waiting in each turn of its
 * loop and answers them all before it looks at anything else, health included. Here each turn has a budget: what comes
 * within it is taken and succeeds, the rest is refused for a fraction of what a call costs.
 */
export class LoadShedder {
  #timer: NodeJS.Timeout | undefined;
  #expectedAt = 0;
  #taken = 0;
  #late = 0;
  #calm = 0;

  /** False when this call is to be refused. */
  accepts(): boolean {
    if (this.#timer === undefined) this.#expectSample();
    else if (this.#taken >= minTaken && performance.now() > this.#expectedAt + targetDelayMs) {
      if (this.#late >= patience) return false;
      this.#late++;
    }
    this.#taken++;
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #expectSample(): void {
    this.#expectedAt = performance.now() + sampleMs;
    this.#timer = setTimeout(() => this.#sample(), sampleMs).unref();
  }

  /** Runs between two turns of a busy loop; a server without calls is not woken up. */
  #sample(): void {
    this.#calm = performance.now() > this.#expectedAt + targetDelayMs ? 0 : this.#calm + 1;
    if (this.#calm >= calmSamples) this.#late = 0;
    this.#timer = undefined;
    if (this.#taken > 0 || this.#late > 0) this.#expectSample();
    this.#taken = 0;
  }
}
