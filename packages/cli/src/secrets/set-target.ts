import { AppError } from "@sophia/core/errors/app-error";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { formatPropertyPath, parsePropertyPath, type PropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import { environmentOf, type VariablePlace } from "@sophia/vendors/environments/variable-places";
import { listPlaces } from "../server-settings.ts";
import { requireNewest } from "./environment-name.ts";
import type { OpenSecrets } from "./open-backend.ts";

/** Where `secrets set` puts a value. */
export interface SetTarget {
  id: EnvironmentId;
  path: PropertyPath;
  /** Known for one of Sophia's own variables, which also gets its name under `environmentVariables`. */
  place: VariablePlace | undefined;
  /** What was given behind the target, on the command line. */
  value: string | undefined;
}

/** Words of the command line: `VARIABLE [VALUE]` for what Sophia knows, else `ENVIRONMENT PATH [VALUE]`. Throws AppError `invalid_input`. */
export function resolveSetTarget(secrets: OpenSecrets, words: readonly string[], stage: Stage): SetTarget {
  const [first = "", second, third] = words;
  const place = listPlaces().find(({ variable }) => variable === first);
  if (place !== undefined) {
    if (third !== undefined) throw tooMany(first);
    return { id: secrets.locate(environmentOf(place, stage)), path: [...place.path], place, value: second };
  }
  if (second === undefined) throw noPath(first);
  const path = parsePropertyPath(second);
  if (path.length === 0) throw noPath(first);
  return { id: requireNewest(secrets.parseName(first)), path, place: undefined, value: third };
}

function noPath(name: string): AppError {
  const isVariable = /^[A-Z][A-Z0-9_]*$/.test(name);
  const what = isVariable ? `Sophia knows no variable ${name}` : `Nothing says what to set in ${name}`;
  return new AppError("invalid_input", `${what}: a path is missing.`, {
    hint: "Write an environment and a path: secrets set sophia/base database.password; or one of the variables of .env.example alone.",
  });
}

function tooMany(variable: string): AppError {
  return new AppError("invalid_input", `${variable} has its own place: no path belongs behind it.`, {
    hint: `Write: secrets set ${variable}`,
  });
}

/** For messages and for the revision's words. */
export function describeTarget({ path, place }: SetTarget): string {
  return place?.variable ?? formatPropertyPath(path);
}
