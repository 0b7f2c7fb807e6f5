import { inspect } from "node:util";

const values = new WeakMap<Secret, string>();
const versions = new WeakMap<Secret, number>();

/**
 * A credential that prints as `***` everywhere. Only the HTTP spine and database drivers call {@link unwrap}, each time
 * they need the value and not once at start: a rotation replaces it while the process runs.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value);
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}

/** The clear text of a secret. Grep for this name to see every place that can leak one. */
export function unwrap(secret: Secret): string {
  return values.get(secret) ?? "";
}

/** Gives every holder of this secret another value from the next {@link unwrap} on. */
export function replaceSecret(secret: Secret, value: string): void {
  values.set(secret, value);
  versions.set(secret, versionOf(secret) + 1);
}

/** How often it has been replaced: what the old value was refused for says nothing of the new one. */
export function versionOf(secret: Secret): number {
  return versions.get(secret) ?? 0;
}
