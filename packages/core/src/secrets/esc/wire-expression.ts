import type { EscRange } from "./range.ts";
import type { Schema } from "./schema/schema.ts";
import type { EscNumber } from "./value.ts";

export interface WireAccessor {
  key?: string;
  index?: number;
  range: EscRange;
}

export interface WirePropertyAccessor extends WireAccessor {
  /** Where the value stands that the accessor leads to. */
  value: EscRange;
}

export interface WireInterpolation {
  text: string;
  value: WirePropertyAccessor[];
}

export interface WireBuiltin {
  name: string;
  nameRange: EscRange;
  argSchema: Schema;
  arg: WireExpression;
}

/** One expression of a definition as the REST contract shows it. At most one of the forms after `keyRanges` is set. */
export interface WireExpression {
  range: EscRange;
  schema?: Schema;
  base?: WireExpression;
  keyRanges?: ReadonlyMap<string, EscRange>;
  literal?: boolean | string | EscNumber;
  interpolate?: WireInterpolation[];
  symbol?: WirePropertyAccessor[];
  access?: { receiver: EscRange; accessors: WireAccessor[] };
  list?: WireExpression[];
  object?: ReadonlyMap<string, WireExpression>;
  builtin?: WireBuiltin;
  /** It stands for a secret: no part of the contract, but what must not be shown where secrets are hidden. */
  isSecret?: true;
}
