import { abortReason } from "../limits/clock.ts";

/** Equal calls at the same moment become one. */
export interface SingleFlight<T> {
  /**
   * Joins the flight under `key` or starts it. Who gives up leaves alone; the flight is aborted when the last one has
   * left. A failure reaches all who wait, and nobody after them: the next call starts anew.
   */
  run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
  readonly inFlight: number;
}

interface Flight<T> {
  result: Promise<T>;
  passengers: number;
  controller: AbortController;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    const flight: Flight<T> = { result, passengers: 0, controller };
    // Everybody may have left before it fails.
    result.catch(() => undefined);
    flights.set(key, flight);
    return flight;
  }

  return {
    async run(key, work, signal) {
      if (signal?.aborted) throw abortReason(signal);
      const flight = flights.get(key) ?? start(key, work);
      flight.passengers++;
      try {
        return await orAborted(flight.result, signal);
      } finally {
        flight.passengers--;
        if (flight.passengers === 0 && flights.get(key) === flight) {
          flights.delete(key);
          flight.controller.abort();
        }
      }
    },
    get inFlight() {
      return flights.size;
    },
  };
}

function orAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  return new Promise((resolve, reject) => {
    function leave(): void {
      if (signal) reject(abortReason(signal));
    }
    signal.addEventListener("abort", leave, { once: true });
    result.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", leave);
    });
  });
}
