import { AppError } from "@sophia/core/errors/app-error";
import { findPlaceObstacle, type Place } from "@sophia/core/routing/data-policy";
import type { KeyPolicy } from "./key-policy.ts";

/** Why this key's texts may not go to a model, and who can change that. */
export function refusePlace(place: Place | undefined, policy: KeyPolicy): AppError {
  const reason = place && findPlaceObstacle(place, policy);
  return new AppError("denied", "No endpoint of that model promises what this key demands for its texts.", {
    hint:
      `${reason === undefined ? "" : `The nearest ${reason}. `}list_models shows what each promises; contracts and ` +
      "regions are told with SOPHIA_AI_DATA_POLICIES and SOPHIA_AI_REGIONS, the demand is the key's (set_key_policy).",
  });
}
