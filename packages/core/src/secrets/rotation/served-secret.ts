import { isMap, isScalar, parseDocument } from "yaml";
import { Secret } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentSource, SecretBackend } from "../backend/secret-backend.ts";
import { removeValue, setValue } from "../esc/edit-source.ts";
import { parsePropertyPath, type PropertyPath } from "../esc/property-path.ts";
import type { EscRepr, EscValue } from "../esc/value.ts";
import type { RotationTarget } from "./rotator.ts";

type Place = Pick<RotationTarget, "environment" | "path">;

/** The value that consumers get at a place, with the text it comes from. */
export interface ServedSecret {
  value: Secret;
  source: EnvironmentSource;
}

/** Throws AppError `not_found` when there is no secret of this environment's own at the path. */
export async function readServedSecret(backend: SecretBackend, place: Place): Promise<ServedSecret> {
  const source = await backend.read(place.environment);
  const { environment, revision } = await backend.open(place.environment, { revision: source.revision });
  if (revision !== source.revision) throw new AppError("unavailable", "The environment changed while it was read.");
  if (!environment) throw hasErrors(place);
  const found = valueAt(environment.properties, parsePropertyPath(place.path));
  if (typeof found !== "string" || found === "" || !isOwnLiteral(source.yaml, place.path)) throw noSecretThere(place);
  return { value: new Secret(found), source };
}

/** The plain texts that stand beside a secret, by name: its service's other settings. No secret is among them. */
export async function readSettingsBeside(backend: SecretBackend, place: Place): Promise<Record<string, string>> {
  const { environment } = await backend.open(place.environment);
  if (!environment) throw hasErrors(place);
  const beside = valueAt(environment.properties, parsePropertyPath(place.path).slice(0, -1));
  const settings: Record<string, string> = {};
  if (!(beside instanceof Map)) return settings;
  for (const [name, { value, secret, unknown }] of beside as ReadonlyMap<string, EscValue>) {
    if (typeof value === "string" && !secret && !unknown && value.trim() !== "") settings[name] = value;
  }
  return settings;
}

function hasErrors({ environment }: Place): AppError {
  return new AppError("invalid_input", `The environment ${formatEnvironmentId(environment)} has errors.`, {
    hint: "Check it and mend what is wrong; then rotate.",
  });
}

function valueAt(properties: EscRepr, path: PropertyPath): EscRepr {
  let found = properties;
  for (const step of path) found = found instanceof Map ? (found.get(String(step))?.value ?? null) : null;
  return found;
}

/** Only a literal of this very environment can be replaced by writing this environment. */
function isOwnLiteral(yaml: string, path: string): boolean {
  const node = parseDocument(yaml).getIn(["values", ...parsePropertyPath(path)], true);
  return isMap(node) && node.has("fn::secret");
}

function noSecretThere({ environment, path }: Place): AppError {
  const name = formatEnvironmentId(environment);
  return new AppError("not_found", `The environment ${name} itself has no secret at ${path}.`, {
    hint: "Name the path below `values` where fn::secret stands, in the environment that holds it and not in one that imports it.",
  });
}

/** What a promotion writes: the value that is served, and below `rotation` what led to it. */
export interface PromotedSecret {
  value: Secret;
  previous: Secret;
  rotationId: string;
  rotatedAt: number;
}

/** The text with another secret served at the path; comments stay. It is in the clear there until the backend seals it. */
export function writeServedSecret(yaml: string, path: string, promoted: PromotedSecret): string {
  const { value, previous, rotatedAt, rotationId } = promoted;
  const state = stateOf(path);
  let text = setValue(yaml, servedAt(path), { secret: value });
  text = setValue(text, [...state, "previous"], { secret: previous });
  text = setValue(text, [...state, "rotatedAt"], { data: new Date(rotatedAt).toISOString() });
  return setValue(text, [...state, "rotation"], { data: rotationId });
}

/** The text with the old secret served again, as if nothing had been promoted. */
export function writeOldSecret(yaml: string, path: string, value: Secret): string {
  return removeValue(setValue(yaml, servedAt(path), { secret: value }), stateOf(path));
}

/** Puts single values into a text, e.g. those that are valid now into an older text. */
export function writeSecretValues(yaml: string, values: ReadonlyMap<string, Secret>): string {
  let text = yaml;
  for (const [path, secret] of values) text = setValue(text, servedAt(path), { secret });
  return text;
}

/** When the secret at a path was rotated last, as its environment says; undefined when it never was. */
export function readRotatedAt(yaml: string, path: string): number | undefined {
  const node = parseDocument(yaml).getIn([...stateOf(path), "rotatedAt"], true);
  const time = isScalar(node) && typeof node.value === "string" ? Date.parse(node.value) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}

function servedAt(path: string): PropertyPath {
  return ["values", ...parsePropertyPath(path)];
}

/** Apart from the secrets themselves, so that nobody takes the previous value for one of the service's variables. */
function stateOf(path: string): PropertyPath {
  return ["values", "rotation", ...parsePropertyPath(path)];
}
