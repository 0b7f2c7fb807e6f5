import { inspect } from "node:util";

const values = new WeakMap<Secret, string>();

/** A credential that prints as `***` everywhere. Only the HTTP spine and database drivers call {@link unwrap}. */
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
