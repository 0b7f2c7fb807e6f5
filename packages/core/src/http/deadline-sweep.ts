import type { Clock } from "../limits/clock.ts";

/** One look at all running calls instead of a timer for each: what thousands of calls a second can afford. */
export class DeadlineSweep {
  readonly #clock: Clock;
  readonly #calls = new Map<object, { at: number; expire(): void }>();
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `expire` is called up to 50 ms after `at`, unless {@link end} comes first. */
  start(call: object, at: number, expire: () => void): void {
    this.#calls.set(call, { at, expire });
    if (!this.#running) void this.#run();
  }

  end(call: object): void {
    this.#calls.delete(call);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#calls.size > 0) {
        await this.#clock.sleep(sweepEveryMs);
        this.#expireDue();
      }
    } finally {
      this.#running = false;
    }
  }

  #expireDue(): void {
    const now = this.#clock.monotonic();
    for (const [call, { at, expire }] of this.#calls) {
      if (at > now) continue;
      this.#calls.delete(call);
      try {
        expire();
      } catch {
        // One call that cannot be ended must not take the deadlines of all others with it; its idle limit is left.
      }
    }
  }
}

const sweepEveryMs = 50;
