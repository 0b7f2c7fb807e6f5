const sampleMs = 10;
/** How late the event loop may be: what is taken later than this in one turn makes everybody wait. */
const targetDelayMs = 10;
/** So few calls in one turn are no queue, however long they take: an agent that asks ten things at once gets them all. */
const minTaken = 10;
/** Routes beside MCP wait for others more than they work: a turn that takes this many of them is late by itself. */
const minTakenOfRoutes = 64;
/** A burst, a cold start or a busy neighbour is late for as long; an overload stays. */
const patienceMs = 2_000;
/** So many turns in time end a late stretch: at three times the capacity there are none. */
const calmSamples = 5;

/**
 * Refuses calls while the event loop is late. Under overload Node finds hundreds of requests waiting in each turn of its
 * loop and answers them all before it looks at anything else, health included. Here each turn has a budget: what comes
 * within it is taken and succeeds, the rest is refused for a fraction of what a call costs.
 */
export class LoadShedder {
  #timer: NodeJS.Timeout | undefined;
  #expectedAt = 0;
  #taken = 0;
  #calm = 0;
  #lateSince: number | undefined;

  /** False when this call is to be refused. */
  accepts(isRoute = false): boolean {
    if (this.#timer === undefined) this.#expectSample();
    else if (this.#lateSince !== undefined && this.#taken >= (isRoute ? minTakenOfRoutes : minTaken)) {
      const now = performance.now();
      if (now > this.#expectedAt + targetDelayMs && now > this.#lateSince + patienceMs) return false;
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
    const now = performance.now();
    const isLate = now > this.#expectedAt + targetDelayMs;
    this.#calm = isLate ? 0 : this.#calm + 1;
    if (isLate) this.#lateSince ??= now;
    else if (this.#calm >= calmSamples) this.#lateSince = undefined;
    this.#timer = undefined;
    if (this.#taken > 0 || this.#lateSince !== undefined) this.#expectSample();
    this.#taken = 0;
  }
}
