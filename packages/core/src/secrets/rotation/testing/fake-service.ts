import { Secret, unwrap } from "../../../config/secret.ts";
import { AppError } from "../../../errors/app-error.ts";
import type { Rotator } from "../rotator.ts";

/** A service with two identities in memory: which values it accepts, and what it is told to get wrong. */
export interface FakeService {
  rotator: Rotator;
  /** Values that work now. */
  valid: Set<string>;
  /** Called before each step; throws what the step should throw. */
  before?: ((step: string, value: string) => void | Promise<void>) | undefined;
  calls: string[];
  sessions: number | undefined;
}

export function createFakeService(first: string): FakeService {
  let made = 0;
  const service: FakeService = {
    valid: new Set([first]),
    calls: [],
    sessions: undefined,
    rotator: {
      strategy: "two identities in turn",
      describe: async () => ({ changes: ["The idle identity gets a new value."], warnings: [] }),
      async create() {
        await enter("create", "");
        made += 1;
        return new Secret(`fake-secret-value-${made}`);
      },
      async set(_context, next) {
        await enter("set", unwrap(next));
        service.valid.add(unwrap(next));
        return [];
      },
      async validate(_context, value) {
        await enter("validate", unwrap(value));
        if (!service.valid.has(unwrap(value))) throw new AppError("denied", "The service refuses the value.");
      },
      observe: async () => service.sessions,
      async retire(_context, value) {
        await enter("retire", unwrap(value));
        service.valid.delete(unwrap(value));
        return [];
      },
    },
  };
  async function enter(step: string, value: string): Promise<void> {
    service.calls.push(step);
    await service.before?.(step, value);
  }
  return service;
}
