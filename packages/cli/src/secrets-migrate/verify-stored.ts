import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { openAll, readText } from "./compare-store.ts";
import type { MigrationStore } from "./migration-store.ts";
import type { Placement } from "./place-values.ts";

/** Opens what was written, anew, and looks at every value: at its place and as a variable. Returns those that differ. */
export async function verifyStored(
  store: MigrationStore,
  placements: readonly Placement[],
  isRight: (placement: Placement, text: string) => boolean,
): Promise<readonly Placement[]> {
  const opened = await openAll(
    store,
    placements.map(({ environment }) => environment),
  );
  return placements.filter((placement) => {
    const environment = opened.get(formatEnvironmentId(placement.environment));
    const seen = [
      readText(environment, placement.path),
      readText(environment, ["environmentVariables", placement.variable]),
    ];
    // A person may list the variable alone, without a value at our place.
    const known = seen.filter((text) => text !== undefined);
    return known.length === 0 || !known.every((text) => isRight(placement, text));
  });
}
