import { openAll, readPlaced } from "./compare-store.ts";
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
    const known = readPlaced(placement, opened);
    return known.length === 0 || !known.every((text) => isRight(placement, text));
  });
}
