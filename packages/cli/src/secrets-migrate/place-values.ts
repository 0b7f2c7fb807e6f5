import type { Secret } from "@sophia/core/config/secret";
import { unwrap } from "@sophia/core/config/secret";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import { environmentOf } from "@sophia/vendors/environments/variable-places";
import type { VariablePlace } from "@sophia/vendors/environments/variable-places";
import { recogniseKey } from "@sophia/vendors/recognise-key";
import type { KnownKey } from "@sophia/vendors/recognise-key";
import { findRefusal } from "../secrets/check-setting.ts";
import { looksSecret } from "../secrets/looks-secret.ts";

/** A value that was found somewhere, before anybody knows what it is. */
export interface FoundValue {
  /** `base` or `environment NAME` for GitHub, else the kind of source. */
  scope: string;
  name: string;
  value: Secret;
}

/** Where a value goes. */
export interface Placement extends FoundValue {
  environment: EnvironmentId;
  /** Keys below `values`. */
  path: readonly string[];
  /** Its name among the environment variables of `environment`. */
  variable: string;
  secret: boolean;
  /** For people: `OpenRouter`, or `other`. */
  owner: string;
  /** Why it lies where it lies, when that is not plain; a doubt that a person should look at. */
  doubt: string | undefined;
}

export interface PlaceOptions {
  stageOf(found: FoundValue): Stage;
  places: readonly VariablePlace[];
  /** Takes what belongs to no service. */
  otherOf(found: FoundValue): EnvironmentId;
  /** What is plain in our own settings stays plain; GitHub's secrets are secrets all. */
  keepPlain: boolean;
}

/**
 * A place for every value: a service's own variable by name or by the shape of the key, and `other` for the rest, so that
 * nothing is lost. Of two values for one place the one with the variable's own name gets it, else the earlier one.
 */
export function placeValues(values: readonly FoundValue[], options: PlaceOptions): readonly Placement[] {
  const taken = new Map<string, Placement>();
  const wanted = values.map((found) => placeOne(found, options));
  const ordered = [...wanted].sort((left, right) => rank(left) - rank(right));
  const placed = new Map<Placement, Placement>();
  for (const placement of ordered) {
    const key = placementKey(placement);
    const holder = taken.get(key);
    const isFree = holder === undefined || unwrap(holder.value) === unwrap(placement.value);
    const settled = isFree
      ? placement
      : toOther(placement, options, `${placement.variable} holds another value already`);
    if (isFree) taken.set(key, holder ?? placement);
    placed.set(placement, settled);
  }
  return wanted.map((placement) => placed.get(placement) ?? placement);
}

/** Two placements with the same key are the same value in the same environment. */
export function placementKey({ environment, path }: Pick<Placement, "environment" | "path">): string {
  return [formatEnvironmentId(environment), ...path].join("\n");
}

/** Where what belongs to no service lies in an environment. */
function otherPath(name: string): readonly string[] {
  return ["other", name];
}

/** The same value, kept aside under its own name. */
export function toOther(found: FoundValue, { otherOf }: Pick<PlaceOptions, "otherOf">, doubt?: string): Placement {
  const { scope, name, value } = found;
  return {
    scope,
    name,
    value,
    environment: otherOf(found),
    path: otherPath(name),
    variable: name,
    secret: true,
    owner: "other",
    doubt,
  };
}

function placeOne(found: FoundValue, options: PlaceOptions): Placement {
  const { name, value } = found;
  const exact = options.places.find(({ variable }) => variable === name);
  const recognition = recogniseKey(name, unwrap(value));
  if (recognition.kind === "conflict") {
    const { named, shaped } = recognition;
    return toOther(
      found,
      options,
      `the name says ${titleOf(named, options)}, the key looks like one of ${titleOf(shaped, options)}`,
    );
  }
  if (recognition.kind === "known") {
    const place = options.places.find(({ variable }) => variable === recognition.key.variable);
    const doubt = recognition.fits ? undefined : `does not look like a key of ${titleOf(recognition.key, options)}`;
    if (place !== undefined) return toPlace(found, place, options, doubt);
  }
  if (exact !== undefined) return toPlace(found, exact, options, undefined);
  const resembles = recognition.kind === "unknown" ? recognition.resembles : undefined;
  return toOther(
    found,
    options,
    resembles && `may belong to ${titleOf(resembles, options)}: name it ${resembles.variable} if so`,
  );
}

function toPlace(found: FoundValue, place: VariablePlace, options: PlaceOptions, doubt: string | undefined): Placement {
  const { scope, name, value } = found;
  const refusal = findRefusal(place.variable, unwrap(value));
  // In its place it would stop every server, and the commands that could mend it.
  if (refusal !== undefined)
    return toOther(found, options, `no server would start with it: ${place.variable} ${refusal}`);
  return {
    scope,
    name,
    value,
    environment: environmentOf(place, options.stageOf(found)),
    path: place.path,
    variable: place.variable,
    secret: place.isSecret || !options.keepPlain || looksSecret(place.variable, unwrap(value)),
    owner: place.title,
    doubt,
  };
}

function titleOf({ service }: KnownKey, { places }: PlaceOptions): string {
  return places.find((place) => place.service === service)?.title ?? service;
}

function rank({ name, variable }: Placement): number {
  return name === variable ? 0 : 1;
}
