import type { EscRange } from "./range.ts";

/** A number by its text, so that neither digits nor an exponent are lost on the way through. */
export interface EscNumber {
  readonly number: string;
}

/** What a value holds. Maps, not objects: `__proto__` is a key like any other. */
export type EscRepr = null | boolean | string | EscNumber | readonly EscValue[] | ReadonlyMap<string, EscValue>;

export interface EscTrace {
  /** Where the expression stands that computed the value. */
  def: EscRange;
  /** What an import held at the same path before this value was merged over it. */
  base?: EscValue;
}

/** A result of evaluation. `value` means nothing when `unknown` is set. */
export interface EscValue {
  value: EscRepr;
  secret?: boolean;
  unknown?: boolean;
  trace: EscTrace;
}

export function isEscNumber(repr: unknown): repr is EscNumber {
  return typeof repr === "object" && repr !== null && "number" in repr && !(repr instanceof Map);
}
