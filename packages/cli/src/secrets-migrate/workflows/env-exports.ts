import { isMap, isNode, isScalar } from "yaml";
import type { Pair, YAMLMap } from "yaml";
import { lineEnd, lineStart } from "./text-edit.ts";
import type { TextEdit } from "./text-edit.ts";
import { findPair, keyOf } from "./workflow-model.ts";
import type { JobModel, PlacedReference, WorkflowModel } from "./workflow-model.ts";

/** A variable that the step hands on to those after it. */
export interface EnvExport {
  variable: string;
  secret: string;
}

export interface ExportPlan {
  edits: readonly TextEdit[];
  byJob: ReadonlyMap<string, readonly EnvExport[]>;
  moved: readonly PlacedReference[];
}

/** https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands: a step cannot set these. */
const reserved = /^(?:GITHUB_|RUNNER_|NODE_OPTIONS$|CI$)/;

/**
 * `env` of a whole job or workflow is evaluated before any step runs, so it cannot read a step's outputs: a variable that
 * is exactly one secret moves from there into the step that reads ESC, which sets it for the steps after it. One that
 * every job gets moves only when every job can read it.
 */
export function planExports(
  text: string,
  workflow: WorkflowModel,
  open: readonly PlacedReference[],
  canRead: (job: JobModel) => boolean,
): ExportPlan {
  const byJob = new Map<string, EnvExport[]>();
  const moved: PlacedReference[] = [];
  const edits: TextEdit[] = [];
  const move = (
    map: YAMLMap,
    owner: { parent: YAMLMap; jobs: readonly JobModel[] },
    references: readonly PlacedReference[],
  ): void => {
    const movable = references.filter(
      (reference) =>
        isMovable(reference, workflow, map) &&
        owner.jobs.every((job) => !isReadBeforeSteps(text, job, String(reference.path.at(-1)))),
    );
    for (const reference of movable) {
      const variable = String(reference.path.at(-1));
      for (const job of owner.jobs) {
        if (owner.parent === job.map || !definesVariable(job, variable)) {
          byJob.set(job.id, [...(byJob.get(job.id) ?? []), { variable, secret: reference.name ?? "" }]);
        }
      }
    }
    moved.push(...movable);
    edits.push(...removePairs(text, owner.parent, map, new Set(movable.map(({ path }) => String(path.at(-1))))));
  };
  const shared = findMap(workflow.root, "env");
  const working = workflow.jobs.filter(({ uses }) => uses === undefined);
  if (shared && working.length > 0 && working.every(canRead)) {
    move(
      shared,
      { parent: workflow.root, jobs: working },
      open.filter(({ path }) => path[0] === "env" && path.length === 2),
    );
  }
  for (const job of workflow.jobs.filter(canRead)) {
    const own = findMap(job.map, "env");
    const references = open.filter(
      ({ path }) => path[0] === "jobs" && path[1] === job.id && path[2] === "env" && path.length === 4,
    );
    if (own) move(own, { parent: job.map, jobs: [job] }, references);
  }
  return { edits, byJob, moved };
}

function isMovable({ path, name, whole }: PlacedReference, { declaredSecrets }: WorkflowModel, map: YAMLMap): boolean {
  const variable = String(path.at(-1));
  return (
    whole &&
    name !== undefined &&
    !declaredSecrets.has(name) &&
    map.flow !== true &&
    !reserved.test(variable) &&
    /^\w+$/.test(variable)
  );
}

/** A job's containers and defaults can name its variables, and are settled before any step could set one. */
function isReadBeforeSteps(text: string, job: JobModel, variable: string): boolean {
  return ["container", "services", "defaults"].some((key) => {
    const pair = findPair(job.map, key);
    const range = isNode(pair?.value) ? pair.value.range : undefined;
    return range ? text.slice(range[0], range[1]).includes(variable) : false;
  });
}

function definesVariable(job: JobModel, variable: string): boolean {
  return findMap(job.map, "env")?.has(variable) === true;
}

function findMap(parent: YAMLMap, key: string): YAMLMap | undefined {
  const found = parent.get(key);
  return isMap(found) ? found : undefined;
}

/** Whole lines; the mapping's own key goes too when nothing stays below it. */
function removePairs(text: string, parent: YAMLMap, map: YAMLMap, names: ReadonlySet<string>): TextEdit[] {
  const gone = map.items.filter((pair) => names.has(keyOf(pair)));
  if (gone.length === 0) return [];
  const owner = findPair(parent, "env");
  if (gone.length === map.items.length && owner !== undefined) {
    return [{ start: lineStart(text, startOf(owner)), end: lineEnd(text, endOf(gone.at(-1) ?? owner)), text: "" }];
  }
  return gone.map((pair) => ({ start: lineStart(text, startOf(pair)), end: lineEnd(text, endOf(pair)), text: "" }));
}

function startOf(pair: Pair): number {
  return isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

function endOf(pair: Pair): number {
  const { value } = pair;
  return isScalar(value) ? Math.max(startOf(pair), (value.range?.[1] ?? 1) - 1) : startOf(pair);
}
