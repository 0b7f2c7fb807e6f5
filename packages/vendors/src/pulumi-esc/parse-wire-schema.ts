import { parseSchema } from "@sophia/core/secrets/esc/schema/parse-schema";
import { alwaysSchema, type Schema } from "@sophia/core/secrets/esc/schema/schema";
import type { JsonData } from "@sophia/core/secrets/esc/text/format-json";
import { isWireObject, type WireJson } from "./parse-wire-json.ts";

/** A schema as the API shows it. What is none takes everything: here a schema only describes. */
export function parseWireSchema(wire: WireJson | undefined): Schema {
  return isWireObject(wire) || wire === false ? parseSchema(toData(wire)) : alwaysSchema;
}

function toData(wire: WireJson): JsonData {
  if (Array.isArray(wire)) return wire.map(toData);
  if (!isWireObject(wire)) return wire;
  return new Map(Object.entries(wire).map(([key, item]) => [key, toData(item)]));
}
