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
    afterwards?: (value: T) => Promise<unknown>,
  ): Promise<{ value: T; shared: boolean }>;
  /** Flights in the air. */
  readonly size: number;
}

interface Flight<T> {
  result: Promise<T>;
  controller: AbortController;
  members: number;
  finished: boolean;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  function start(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    afterwards: ((value: T) => Promise<unknown>) | undefined,
  ): Flight<T> {
    const controller = new AbortController();
    const flight: Flight<T> = { result: work(controller.signal), controller, members: 0, finished: false };
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.result
      .then((value) => {
        flight.finished = true;
        return afterwards?.(value);
      })
      // The members have the error; here it only ends the flight.
      .then(land, land);
    flights.set(key, flight);
    return flight;
  }

  return {
    async run(key, signal, work, afterwards) {
      signal.throwIfAborted();
      const running = flights.get(key);
      const flight = running ?? start(key, work, afterwards);
      flight.members += 1;
      const gone = Promise.withResolvers<never>();
      const leave = () => gone.reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      try {
        return { value: await Promise.race([flight.result, gone.promise]), shared: running !== undefined };
      } finally {
        signal.removeEventListener("abort", leave);
        flight.members -= 1;
        if (flight.members === 0 && !flight.finished) {
          if (flights.get(key) === flight) flights.delete(key);
          flight.controller.abort(signal.reason);
        }
      }
    },
    get size() {
      return flights.size;
    },
  };
}
