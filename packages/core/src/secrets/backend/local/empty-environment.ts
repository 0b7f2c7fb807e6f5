import type { EscEnvironment } from "../../esc/evaluation.ts";
import { recordSchema } from "../../esc/schema/build-schema.ts";

/** What a definition without a value comes to: as it is right after it was made. */
export function emptyEnvironment(): EscEnvironment {
  const nothing = { properties: new Map<string, never>(), schema: recordSchema(new Map()) };
  return { ...nothing, exprs: new Map(), executionContext: nothing };
}
