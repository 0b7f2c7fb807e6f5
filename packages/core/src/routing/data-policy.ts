import type { DataPolicy } from "./candidate.ts";

/** How much an endpoint promises. */
const strictness: Readonly<Record<DataPolicy, number>> = { any: 0, no_training: 1, zero_retention: 2, local: 3 };

/** Whether what an endpoint promises about texts is at least what is demanded. */
export function promisesEnough(promised: DataPolicy, demanded: DataPolicy): boolean {
  return strictness[promised] >= strictness[demanded];
}
