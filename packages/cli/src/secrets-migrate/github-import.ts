import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import { listPlaces } from "../server-settings.ts";
import { compareWithStore, openAll, readText } from "./compare-store.ts";
import type { OpenedEnvironments } from "./compare-store.ts";
import type { EnvironmentEdit } from "./environment-edits.ts";
import { formatScope, parseScope } from "./export-scope.ts";
import { githubEnvironmentId, stageOfGithubEnvironment } from "./github-environments.ts";
import type { MigrationStore } from "./migration-store.ts";
import { placeValues, toOther } from "./place-values.ts";
import type { FoundValue, Placement, PlaceOptions } from "./place-values.ts";
import { planChanges, toChanges } from "./plan-changes.ts";
import type { PlannedValue } from "./plan-changes.ts";
import type { RunFolder } from "./run-folder.ts";
import { isFingerprintOf } from "./sealed-export.ts";
import type { ExportedSecret } from "./sealed-export.ts";
import { writeEnvironments } from "./write-environments.ts";
import type { EnvironmentChange } from "./write-environments.ts";

export interface GithubImportPlan {
  values: readonly PlannedValue[];
  changes: readonly EnvironmentChange[];
  /** What a job reads, by place: every secret that GitHub gave it, its own or not. */
  effective: readonly ExportedSecret[];
}

interface PlanOptions {
  repository: string;
  stage: Stage;
  replace: boolean;
}

const baseScope = formatScope({ kind: "base" });

/** Where everything goes, and what has to be written for it. Opens the store, and changes nothing. */
export async function planGithubImport(
  store: MigrationStore,
  exported: readonly ExportedSecret[],
  options: PlanOptions,
): Promise<GithubImportPlan> {
  const placeOptions = toPlaceOptions(options);
  const own = selectOwn(exported);
  const placed = placeValues(
    own.filter((found) => hasStage(found)),
    placeOptions,
  );
  const aside = own.filter((found) => !hasStage(found)).map((found) => toOther(found, placeOptions));
  const wanted = [...placed, ...aside];
  const jobs = [...new Set([baseScope, ...exported.map(({ scope }) => scope)])].map((scope) =>
    jobEnvironment(options.repository, scope),
  );
  const opened = await openAll(store, [...wanted.map(({ environment }) => environment), ...jobs]);
  const settled = wanted.map((placement) => settle(placement, opened, options.replace, placeOptions));
  const { values, edits } = planChanges(settled, opened, { replace: true });
  addReferences(store, { settled, opened, edits, repository: options.repository });
  // A job in an environment without secrets of its own reads the repository's from there all the same.
  for (const id of jobs.filter((job) => opened.get(formatEnvironmentId(job)) === undefined)) {
    const name = formatEnvironmentId(id);
    edits.set(name, edits.get(name) ?? { id, edits: [] });
  }
  const changes = edits.size === 0 ? [] : toChanges(store, edits, { places: placeOptions.places });
  return { values, changes: orderChanges(store, changes, jobs), effective: exported };
}

/** Writes, then opens anew what each job will read, and compares every value with the runner's own fingerprint of it. */
export async function importGithub(store: MigrationStore, folder: RunFolder, plan: GithubImportPlan): Promise<void> {
  const repository = folder.state.source;
  const fingerprints = new Map(
    plan.effective.map(({ scope, name, fingerprint }) => [`${scope}\n${name}`, fingerprint]),
  );
  await folder.save({
    phase: "importing",
    secrets: plan.values.map(({ placement: { scope, name, environment, path } }) => ({
      scope,
      name,
      environment: formatEnvironmentId(environment),
      path: [...path],
      fingerprint: fingerprints.get(`${scope}\n${name}`) ?? "",
      verified: false,
    })),
  });
  await writeEnvironments(store, folder, plan.changes);
  const failed = await findDifferent(store, repository, plan.effective);
  const wrong = new Set(failed.map(({ scope, name }) => `${scope}\n${name}`));
  await folder.save({
    phase: failed.length === 0 ? "verified" : "importing",
    secrets: folder.state.secrets.map((secret) => ({
      ...secret,
      verified: !wrong.has(`${secret.scope}\n${secret.name}`),
    })),
  });
  if (failed.length === 0) return;
  throw new AppError(
    "internal",
    `ESC does not give back ${failed.map(({ name }) => name).join(", ")} as the runner had it.`,
    {
      hint: "Nothing was deleted. Undo with `secrets migrate --undo`, and report it.",
    },
  );
}

/** The environment that a job reads. */
export function jobEnvironment(repository: string, scope: string): EnvironmentId {
  const parsed = parseScope(scope);
  return githubEnvironmentId(repository, parsed.kind === "environment" ? parsed.environment : undefined);
}

async function findDifferent(
  store: MigrationStore,
  repository: string,
  effective: readonly ExportedSecret[],
): Promise<readonly ExportedSecret[]> {
  const opened = await openAll(
    store,
    effective.map(({ scope }) => jobEnvironment(repository, scope)),
  );
  return effective.filter(({ scope, name, fingerprint, fingerprintKey }) => {
    const environment = opened.get(formatEnvironmentId(jobEnvironment(repository, scope)));
    const text = readText(environment, ["environmentVariables", name]);
    return text === undefined || !isFingerprintOf(text, fingerprint, fingerprintKey);
  });
}

/** A job in an environment sees the repository's secrets too: its own are those that these lack, or have otherwise. */
function selectOwn(exported: readonly ExportedSecret[]): FoundValue[] {
  const base = new Map(
    exported.filter(({ scope }) => scope === baseScope).map(({ name, value }) => [name, unwrap(value)]),
  );
  const environments = exported.filter(
    ({ scope, name, value }) => scope !== baseScope && base.get(name) !== unwrap(value),
  );
  // Those of an environment first: they override, so theirs is the better claim to a service's place.
  return [...environments, ...exported.filter(({ scope }) => scope === baseScope)];
}

function toPlaceOptions({ repository, stage }: PlanOptions): PlaceOptions {
  return {
    stageOf({ scope }) {
      const parsed = parseScope(scope);
      return (parsed.kind === "environment" ? stageOfGithubEnvironment(parsed.environment) : undefined) ?? stage;
    },
    places: listPlaces(),
    otherOf: ({ scope }) => jobEnvironment(repository, scope),
    keepPlain: false,
  };
}

function hasStage({ scope }: FoundValue): boolean {
  const parsed = parseScope(scope);
  return parsed.kind === "base" || stageOfGithubEnvironment(parsed.environment) !== undefined;
}

/** What the store holds stays, unless it is told otherwise; the repository's value lies aside then, and its jobs read that. */
function settle(placement: Placement, opened: OpenedEnvironments, replace: boolean, options: PlaceOptions): Placement {
  if (placement.owner === "other" || replace || compareWithStore(placement, opened) !== "changed") return placement;
  return toOther(placement, options, `the store holds another value for ${placement.variable}`);
}

/** A job's environment names a service's value where it lives, so that a rotation reaches the job as well. */
function addReferences(
  store: MigrationStore,
  plan: {
    settled: readonly Placement[];
    opened: OpenedEnvironments;
    edits: Map<string, { id: EnvironmentId; edits: EnvironmentEdit[] }>;
    repository: string;
  },
): void {
  for (const { scope, name, value, environment, path } of plan.settled) {
    const id = jobEnvironment(plan.repository, scope);
    const key = formatEnvironmentId(id);
    if (key === formatEnvironmentId(environment)) continue;
    if (readText(plan.opened.get(key), ["environmentVariables", name]) === unwrap(value)) continue;
    const { project, name: located } = store.locate(environment);
    const known = plan.edits.get(key) ?? { id, edits: [] };
    known.edits.push({
      path: ["environmentVariables", name],
      set: { kind: "reference", to: ["environments", project, located, ...path] },
    });
    plan.edits.set(key, known);
  }
}

/** What is imported or named comes first: services' environments, then the repository's, then those of its environments. */
function orderChanges(
  store: MigrationStore,
  changes: readonly EnvironmentChange[],
  jobs: readonly EnvironmentId[],
): EnvironmentChange[] {
  const [base, ...others] = jobs.map((id) => formatEnvironmentId(id));
  const find = (name: string | undefined): EnvironmentChange[] =>
    changes.filter(({ id }) => formatEnvironmentId(id) === name);
  const rest = changes.filter(({ id }) => !jobs.some((job) => formatEnvironmentId(job) === formatEnvironmentId(id)));
  const [baseId] = jobs;
  const located = baseId === undefined ? "" : formatEnvironmentId(store.locate(baseId));
  const initial = `imports:\n  - ${located}\nvalues:\n  environmentVariables: {}\n`;
  return [...rest, ...find(base), ...others.flatMap(find).map((change) => ({ ...change, initial }))];
}
