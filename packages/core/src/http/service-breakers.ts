import { alwaysClosed, type Breaker, type BreakerRules, type BreakerState, createBreaker } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";

const maxBreakers = 64;

/** One breaker for each operation of a service, or for each part of it that fails by itself. */
export class ServiceBreakers {
  readonly #clock: Clock;
  readonly #rules: Partial<BreakerRules> | undefined;
  readonly #breakers = new Map<string, Breaker>();

  constructor({ clock, rules }: { clock: Clock; rules: Partial<BreakerRules> | undefined }) {
    this.#clock = clock;
    this.#rules = rules;
  }

  of({
    operation,
    part,
    restedByCaller,
  }: {
    operation: string;
    part: string | undefined;
    restedByCaller: boolean;
  }): Breaker {
    if (restedByCaller) return alwaysClosed;
    const wanted = part === undefined ? operation : `${operation} ${part}`;
    const name = this.#breakers.has(wanted) || this.#breakers.size < maxBreakers ? wanted : "other";
    const found =
      this.#breakers.get(name) ?? createBreaker({ clock: this.#clock, ...(this.#rules && { rules: this.#rules }) });
    this.#breakers.set(name, found);
    return found;
  }

  states(): Record<string, BreakerState> {
    return Object.fromEntries([...this.#breakers].map(([name, breaker]) => [name, breaker.state]));
  }

  /** Of the operation and all its parts. */
  worst(operation: string): BreakerState {
    const states = [...this.#breakers]
      .filter(([name]) => name === operation || name === "other" || name.startsWith(`${operation} `))
      .map(([, breaker]) => breaker.state);
    return states.find((state) => state === "open") ?? states.find((state) => state === "half_open") ?? "closed";
  }
}
