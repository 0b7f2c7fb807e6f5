import { unwrap } from "@sophia/core/config/secret";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { baseEnvironment, stages } from "@sophia/core/secrets/settings/group-environments";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import { renderSkeleton } from "@sophia/vendors/environments/render-skeleton";
import type { VariablePlace } from "@sophia/vendors/environments/variable-places";
import { compareWithStore, readText } from "./compare-store.ts";
import type { OpenedEnvironments, StoreStatus } from "./compare-store.ts";
import type { EnvironmentEdit } from "./environment-edits.ts";
import type { MigrationStore } from "./migration-store.ts";
import { placementKey } from "./place-values.ts";
import type { Placement } from "./place-values.ts";
import type { EnvironmentChange } from "./write-environments.ts";

/** One line of the plan that a person sees. */
export interface PlannedValue {
  placement: Placement;
  status: StoreStatus;
  /** False: the store keeps what it has, and the person decides. */
  written: boolean;
}

/** Which values are written, and the edits that this takes. Nothing is edited that already is as it should be. */
export function planChanges(
  placements: readonly Placement[],
  opened: OpenedEnvironments,
  options: { replace: boolean },
): { values: PlannedValue[]; edits: Map<string, { id: EnvironmentId; edits: EnvironmentEdit[] }> } {
  const edits = new Map<string, { id: EnvironmentId; edits: EnvironmentEdit[] }>();
  const done = new Set<string>();
  const values = placements.map((placement): PlannedValue => {
    const status = compareWithStore(placement, opened);
    const written = status !== "changed" || options.replace;
    const key = placementKey(placement);
    if (written && !done.has(key)) {
      const wanted = editsFor(placement, status, opened);
      const name = formatEnvironmentId(placement.environment);
      const known = edits.get(name) ?? { id: placement.environment, edits: [] };
      known.edits.push(...wanted);
      if (known.edits.length > 0) edits.set(name, known);
      done.add(key);
    }
    return { placement, status, written };
  });
  return { values, edits };
}

/** With the environments of the stage that are not there yet, each before those that import it. */
export function toChanges(
  store: MigrationStore,
  edits: ReadonlyMap<string, { id: EnvironmentId; edits: readonly EnvironmentEdit[] }>,
  options: { places: readonly VariablePlace[] },
): EnvironmentChange[] {
  const skeleton = stages
    .map((stage) => renderOwnSkeleton(store, options.places, stage))
    .filter((environments) => environments.some(({ id }) => edits.has(formatEnvironmentId(id)) && !isBase(id)))
    .flat();
  const own = skeleton.map(({ id, yaml }) => ({
    id,
    initial: yaml,
    edits: edits.get(formatEnvironmentId(id))?.edits ?? [],
  }));
  const known = new Set(own.map(({ id }) => formatEnvironmentId(id)));
  const others = [...edits]
    .filter(([name]) => !known.has(name))
    .map(([, { id, edits: wanted }]) => ({ id, initial: emptyEnvironment, edits: wanted }));
  const unique = new Map([...own, ...others].map((change) => [formatEnvironmentId(change.id), change]));
  return [...unique.values()];
}

const emptyEnvironment = "values:\n  environmentVariables: {}\n";

/** All stages share it: it alone asks for none of them. */
function isBase(id: EnvironmentId): boolean {
  return formatEnvironmentId(id) === formatEnvironmentId(baseEnvironment);
}

/** In a store with another project, imports name it. */
function renderOwnSkeleton(
  store: MigrationStore,
  places: readonly VariablePlace[],
  stage: Stage,
): { id: EnvironmentId; yaml: string }[] {
  const skeleton = renderSkeleton(places, stage);
  const names = new Map(skeleton.map(({ id }) => [formatEnvironmentId(id), formatEnvironmentId(store.locate(id))]));
  return skeleton.map(({ id, yaml }) => ({
    id,
    yaml: yaml.replaceAll(/^( {2}- )(\S+)$/gm, (whole, dash: string, name: string) => {
      const located = names.get(name);
      return located === undefined ? whole : `${dash}${located}`;
    }),
  }));
}

function editsFor(placement: Placement, status: StoreStatus, opened: OpenedEnvironments): EnvironmentEdit[] {
  const { environment, path, variable, value, secret } = placement;
  const found = opened.get(formatEnvironmentId(environment));
  const before = readText(found, path);
  const listed = readText(found, ["environmentVariables", variable]);
  // Listed by a person in another way, with the right value: that is as good.
  if (status === "same" && listed !== undefined) return [];
  const set = secret ? { kind: "secret" as const, value } : { kind: "plain" as const, value: unwrap(value) };
  const listing = { path: ["environmentVariables", variable], set: { kind: "reference" as const, to: path } };
  return [
    ...(before === unwrap(value) ? [] : [{ path, set }]),
    ...(listed !== undefined && listed === before ? [] : [listing]),
  ];
}
