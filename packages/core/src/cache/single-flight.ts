/** The same work asked for by several at once is done once. It is given up only when the last of them has gone. */
export interface SingleFlight<T> {
  /**
   * Joins the flight of this key or starts it. `shared` tells whether somebody else had started it.
   * Rejects with the signal's reason when this caller goes; the others are not disturbed. Who comes between the result
   * and the end of `afterwards` (writing it to a cache, say) still joins: no gap in which the work would be done twice.
   */
  run(
    key: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
    afterwards?: (value: T) => Promise<unknown> | undefined,
  ): Promise<{ value: T; shared: boolean }>;
  /** Flights in the air. */
  readonly size: number;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();
  return {
    run(key, signal, work, afterwards) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      const running = flights.get(key);
      const flight = running ?? new Flight(flights, key, { work, afterwards });
      return flight.join(signal, running !== undefined);
    },
    get size() {
      return flights.size;
    },
  };
}

class Flight<T> {
  readonly #flights: Map<string, Flight<T>>;
  readonly #key: string;
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #members = 0;
  #finished = false;

  constructor(
    flights: Map<string, Flight<T>>,
    key: string,
    {
      work,
      afterwards,
    }: {
      work: (signal: AbortSignal) => Promise<T>;
      afterwards: ((value: T) => Promise<unknown> | undefined) | undefined;
    },
  ) {
    this.#flights = flights;
    this.#key = key;
    flights.set(key, this);
    this.#result = work(this.#controller.signal);
    this.#result.then(
      (value) => this.#end(afterwards && (() => afterwards(value))),
      () => this.#end(undefined),
    );
  }

  join(signal: AbortSignal, shared: boolean): Promise<{ value: T; shared: boolean }> {
    this.#members += 1;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#leave(signal.reason);
        reject(signal.reason as Error);
      };
      const settle = (tell: () => void): void => {
        if (signal.aborted) return;
        signal.removeEventListener("abort", onAbort);
        this.#leave(undefined);
        tell();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#result.then(
        (value) => settle(() => resolve({ value, shared })),
        (error: unknown) => settle(() => reject(error as Error)),
      );
    });
  }

  #leave(reason: unknown): void {
    this.#members -= 1;
    if (this.#members > 0 || this.#finished) return;
    this.#land();
    this.#controller.abort(reason);
  }

  /** Before the members hear of the result. */
  #end(afterwards: (() => Promise<unknown> | undefined) | undefined): void {
    this.#finished = true;
    const land = (): void => this.#land();
    try {
      const rest = afterwards?.();
      // Whoever does what comes afterwards has its errors; here they only end the flight.
      if (rest) rest.then(land, land);
      else land();
    } catch {
      land();
    }
  }

  #land(): void {
    if (this.#flights.get(this.#key) === this) this.#flights.delete(this.#key);
  }
}
