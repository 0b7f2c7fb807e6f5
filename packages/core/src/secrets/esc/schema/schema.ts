import type { EscNumber } from "../value.ts";

/** A constant in a schema: plain JSON with numbers by their text. */
export type SchemaConstant =
  | null
  | boolean
  | string
  | EscNumber
  | readonly SchemaConstant[]
  | ReadonlyMap<string, SchemaConstant>;

/** The part of JSON Schema (2020-12) that ESC knows. Numbers are kept by their text. `type` is "" when nothing is said. */
export interface Schema {
  /** The schema `false`. */
  never?: true;
  /** The schema `true`. */
  always?: true;
  defs?: Map<string, Schema>;
  ref?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  prefixItems?: Schema[];
  items?: Schema;
  additionalProperties?: Schema;
  properties?: Map<string, Schema>;
  type: string;
  const?: SchemaConstant;
  enum?: SchemaConstant[];
  multipleOf?: string;
  maximum?: string;
  exclusiveMaximum?: string;
  minimum?: string;
  exclusiveMinimum?: string;
  maxLength?: string;
  minLength?: string;
  pattern?: string;
  maxItems?: string;
  minItems?: string;
  uniqueItems?: boolean;
  maxProperties?: string;
  minProperties?: string;
  required?: string[];
  dependentRequired?: Map<string, string[]>;
  title?: string;
  description?: string;
  default?: SchemaConstant;
  deprecated?: boolean;
  examples?: SchemaConstant[];
  secret?: boolean;
  /** Names of properties that are evaluated only while rotating. */
  rotateOnly?: string[];
  /** Set by {@link compileSchema}; never part of the JSON form. */
  compiled?: CompiledSchema;
}

export interface CompiledSchema {
  ref?: Schema;
  /** The schema describes, as a whole, something that only rotation needs. */
  isRotateOnly?: boolean;
  pattern?: RegExp;
}

export const neverSchema: Schema = { never: true, type: "" };
export const alwaysSchema: Schema = { always: true, type: "" };
