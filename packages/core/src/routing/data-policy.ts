import type { DataPolicy } from "./candidate.ts";

/** From the least to the most that an endpoint can promise about the texts it is given. */
export const dataPolicies = ["any", "no_training", "zero_retention", "local"] as const satisfies readonly DataPolicy[];

/** Whether what an endpoint promises about texts is at least what is demanded. */
export function promisesEnough(promised: DataPolicy, demanded: DataPolicy): boolean {
  return dataPolicies.indexOf(promised) >= dataPolicies.indexOf(demanded);
}

/** Where texts would go. */
export interface Place {
  dataPolicy: DataPolicy;
  /** Absent: it does not say, and meets no demand. */
  region?: string | undefined;
}

/** Why texts with these demands may not go there; `undefined`: they may. */
export function findPlaceObstacle(
  place: Place,
  demanded: { region?: string | undefined; dataPolicy?: DataPolicy | undefined },
): string | undefined {
  const { region, dataPolicy = "any" } = demanded;
  if (region !== undefined && place.region !== region) {
    return `runs in ${place.region ?? "a region it does not name"}, ${region} is demanded`;
  }
  if (!promisesEnough(place.dataPolicy, dataPolicy)) {
    return `promises "${place.dataPolicy}" about prompts, "${dataPolicy}" is demanded`;
  }
  return undefined;
}
