import { isMap, isScalar, parseDocument, Scalar } from "yaml";
import { Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentSource, SecretBackend } from "../backend/secret-backend.ts";
import type { EscRepr } from "../esc/value.ts";
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
  if (!environment) {
    throw new AppError("invalid_input", `The environment ${formatEnvironmentId(place.environment)} has errors.`, {
      hint: "Check it and mend what is wrong; then rotate.",
    });
  }
  const segments = place.path.split(".");
  let found: EscRepr = environment.properties;
  for (const segment of segments) found = found instanceof Map ? (found.get(segment)?.value ?? null) : null;
  if (typeof found !== "string" || found === "" || !isOwnLiteral(source.yaml, segments)) throw noSecretThere(place);
  return { value: new Secret(found), source };
}

/** Only a literal of this very environment can be replaced by writing this environment. */
function isOwnLiteral(yaml: string, segments: readonly string[]): boolean {
  const node = parseDocument(yaml).getIn(["values", ...segments], true);
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
  previous: Secret | undefined;
  rotationId: string;
  rotatedAt: number;
}

/** The text with another secret served at the path; comments stay. Secrets are in the clear in it until the backend seals them. */
export function writeServedSecret(yaml: string, path: string, promoted: PromotedSecret): string {
  const document = parseDocument(yaml);
  const segments = path.split(".");
  document.setIn(["values", ...segments], document.createNode(toSecretNode(promoted.value)));
  const state = {
    ...(promoted.previous && { previous: toSecretNode(promoted.previous) }),
    rotatedAt: new Date(promoted.rotatedAt).toISOString(),
    rotation: promoted.rotationId,
  };
  document.setIn(["values", "rotation", ...segments], document.createNode(state));
  return document.toString({ lineWidth: 0 });
}

/** The text with the old secret served again, as if nothing had been promoted. */
export function writeOldSecret(yaml: string, path: string, value: Secret): string {
  const document = parseDocument(yaml);
  const segments = path.split(".");
  document.setIn(["values", ...segments], document.createNode(toSecretNode(value)));
  document.deleteIn(["values", "rotation", ...segments]);
  return document.toString({ lineWidth: 0 });
}

/** Puts single values into a text, e.g. those that are valid now into an older text. */
export function writeSecretValues(yaml: string, values: ReadonlyMap<string, Secret>): string {
  const document = parseDocument(yaml);
  for (const [path, value] of values) {
    document.setIn(["values", ...path.split(".")], document.createNode(toSecretNode(value)));
  }
  return document.toString({ lineWidth: 0 });
}

/** Quoted, so that no value is ever read as a number, a date or a truth value. */
function toSecretNode(secret: Secret): { "fn::secret": Scalar } {
  const scalar = new Scalar(unwrap(secret));
  scalar.type = Scalar.QUOTE_DOUBLE;
  return { "fn::secret": scalar };
}

/** When the secret at a path was rotated last, as its environment says; undefined when it never was. */
export function readRotatedAt(yaml: string, path: string): number | undefined {
  const node = parseDocument(yaml).getIn(["values", "rotation", ...path.split("."), "rotatedAt"], true);
  const time = isScalar(node) && typeof node.value === "string" ? Date.parse(node.value) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}
