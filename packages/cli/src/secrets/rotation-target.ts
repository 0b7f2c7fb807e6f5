import { AppError } from "@sophia/core/errors/app-error";
import { formatPropertyPath, parsePropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { RotationTarget } from "@sophia/core/secrets/rotation/rotation-types";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import { findRotationService } from "@sophia/vendors/environments/rotation-service";
import { environmentOf } from "@sophia/vendors/environments/variable-places";
import { listPlaces } from "../server-settings.ts";
import { requireNewest } from "./environment-name.ts";
import type { OpenSecrets } from "./open-backend.ts";

export interface TargetWords {
  /** A variable of Sophia's, or an environment. */
  first: string;
  path: string | undefined;
  service: string | undefined;
  stage: Stage | undefined;
}

/** `VARIABLE`, or `ENVIRONMENT PATH` with the service where the path does not tell it. Throws AppError `invalid_input`. */
export function resolveRotationTarget(secrets: OpenSecrets, words: TargetWords): RotationTarget {
  const places = listPlaces();
  const place = places.find(({ variable }) => variable === words.first);
  if (place !== undefined) {
    const environment = secrets.locate(environmentOf(place, words.stage ?? secrets.stage));
    const { service } = findRotationService(place);
    return { environment, path: formatPropertyPath(place.path), service, variable: place.variable };
  }
  const environment = requireNewest(secrets.parseName(words.first));
  if (words.path === undefined) throw noPath();
  const path = parsePropertyPath(words.path);
  const known = places.find((each) => each.path.join("\n") === path.map(String).join("\n"));
  const service = words.service ?? (known && findRotationService(known).service);
  if (service === undefined) {
    throw new AppError("invalid_input", `Nothing tells whose secret ${formatPropertyPath(path)} is.`, {
      hint: "Name its service: --service postgresql, for example.",
    });
  }
  return { environment, path: formatPropertyPath(path), service, variable: known?.variable ?? String(path.at(-1)) };
}

function noPath(): AppError {
  return new AppError("invalid_input", "Which secret of it?", {
    hint: "Name its path: secrets rotate sophia/stores-production stores.postgresql.SOPHIA_DATABASE_URL; or the variable alone.",
  });
}
