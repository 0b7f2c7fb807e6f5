import { escStep } from "./esc-step.ts";
import { planExports } from "./env-exports.ts";
import type { EnvExport } from "./env-exports.ts";
import { allowIdentity } from "./job-rights.ts";
import { findSecretReferences } from "./secret-references.ts";
import { applyTextEdits, lineBreak, lineNumber, lineStart } from "./text-edit.ts";
import type { TextEdit } from "./text-edit.ts";
import { readWorkflow } from "./workflow-model.ts";
import type { JobModel, PlacedReference, WorkflowModel } from "./workflow-model.ts";

/** An ESC environment that a job can read, with the secrets it gives. */
export interface JobEnvironment {
  /** `organisation/project/name`. */
  name: string;
  /** Upper case. */
  secrets: ReadonlySet<string>;
}

export interface RewriteOptions {
  organisation: string;
  /** Of a job in this GitHub environment, or in none. */
  environmentOf(environment: string | undefined): JobEnvironment | undefined;
  /** Every migrated name, upper case. */
  migrated: ReadonlySet<string>;
  /** Local workflows (`./.github/workflows/x.yml`) that read from ESC themselves: who calls them needs the right to. */
  changedCallees: ReadonlySet<string>;
}

export interface RewriteNote {
  line: number;
  /** Undefined where any secret may be meant. */
  name: string | undefined;
  reason: string;
}

export interface RewriteResult {
  text: string;
  replaced: readonly { line: number; name: string }[];
  /** Still read from GitHub: these secrets must stay until a person has changed the place. */
  byHand: readonly RewriteNote[];
  /** Changed, and worth a look. */
  doubts: readonly RewriteNote[];
}

const notAWorkflow = "this file is no workflow that can be read";

/** A workflow that reads from ESC what it read from GitHub's secrets, wherever that can be done without changing what it does. */
export function rewriteWorkflow(text: string, options: RewriteOptions): RewriteResult {
  const workflow = readWorkflow(text);
  if (workflow === undefined) {
    const found = findSecretReferences(text).filter(({ name }) => name === undefined || options.migrated.has(name));
    const byHand = found.map(({ start, name }) => ({ line: lineNumber(text, start), name, reason: notAWorkflow }));
    return { text, replaced: [], byHand, doubts: [] };
  }
  const draft: Draft = { text, workflow, options, edits: [], replaced: [], byHand: [], doubts: [], allowed: new Set() };
  rewriteAll(draft);
  return {
    text: applyTextEdits(text, dedupe(draft.edits)),
    replaced: sortByLine(draft.replaced),
    byHand: sortByLine(draft.byHand),
    doubts: sortByLine(draft.doubts),
  };
}

/** Collects edits and notes over one workflow. */
interface Draft {
  text: string;
  workflow: WorkflowModel;
  options: RewriteOptions;
  edits: TextEdit[];
  replaced: { line: number; name: string }[];
  byHand: RewriteNote[];
  doubts: RewriteNote[];
  /** Jobs whose rights are settled. */
  allowed: Set<string>;
}

function rewriteAll(draft: Draft): void {
  const { text, workflow, options } = draft;
  const open = workflow.references.filter((reference) => isOurs(reference, options));
  const exports = planExports(text, workflow, open, (job) => findEnvironment(draft, job) !== undefined);
  draft.edits.push(...exports.edits);
  for (const job of workflow.jobs) rewriteJob(draft, job, { open, exports: exports.byJob.get(job.id) ?? [] });
  const moved = new Set(exports.moved);
  for (const reference of open) {
    if (moved.has(reference)) noteReplaced(draft, reference);
    else if (!draft.edits.some(({ start, end }) => start <= reference.start && reference.start < end)) {
      leave(draft, reference);
    }
  }
}

/** GitHub's own token stays, and what was not migrated. */
function isOurs({ name }: PlacedReference, { migrated }: RewriteOptions): boolean {
  return name === undefined || (name !== "GITHUB_TOKEN" && migrated.has(name));
}

/** Undefined where no step can be put first, or where nobody knows yet which environment it is. */
function findEnvironment({ options, workflow }: Draft, job: JobModel): JobEnvironment | undefined {
  if (workflow.hasAliases) return undefined;
  const { steps, dynamicEnvironment, environment } = job;
  if (dynamicEnvironment || steps === undefined || steps.flow === true || steps.items.length === 0) return undefined;
  return options.environmentOf(environment);
}

function rewriteJob(
  draft: Draft,
  job: JobModel,
  { open, exports }: { open: readonly PlacedReference[]; exports: readonly EnvExport[] },
): void {
  checkCall(draft, job);
  const environment = findEnvironment(draft, job);
  if (environment === undefined) return;
  const id = chooseStepId(job);
  const own = open.filter((reference) => isInSteps(reference, job) && canReplace(draft, reference, environment));
  if (own.length === 0 && exports.length === 0) return;
  for (const reference of own) {
    draft.edits.push({ start: reference.start, end: reference.end, text: `steps.${id}.outputs.${reference.name}` });
    noteReplaced(draft, reference);
  }
  insertStep(draft, job, { id, environment, exports });
  allow(draft, job);
}

function canReplace({ workflow }: Draft, { name }: PlacedReference, environment: JobEnvironment): boolean {
  return name !== undefined && environment.secrets.has(name) && !workflow.declaredSecrets.has(name);
}

function insertStep(
  { text, workflow, options, edits }: Draft,
  job: JobModel,
  step: { id: string; environment: JobEnvironment; exports: readonly EnvExport[] },
): void {
  const first = job.steps?.items[0] as { range?: readonly number[] } | undefined;
  const dash = text.lastIndexOf("-", (first?.range?.[0] ?? 1) - 1);
  const start = lineStart(text, dash);
  const inserted = escStep({
    id: step.id,
    exports: step.exports,
    indent: text.slice(start, dash),
    lineEnd: lineBreak(text),
    organisation: options.organisation,
    environment: step.environment.name,
    onPullRequest: workflow.onPullRequest,
  });
  edits.push({ start, end: start, text: inserted });
}

/** A called workflow can have no right that its caller lacks. */
function checkCall(draft: Draft, job: JobModel): void {
  if (job.uses === undefined) return;
  const isLocal = job.uses.startsWith("./");
  if (isLocal && draft.options.changedCallees.has(job.uses)) allow(draft, job);
  if (job.inheritsSecrets === undefined || isLocal) return;
  const line = lineNumber(draft.text, job.inheritsSecrets.range?.[0] ?? 0);
  draft.byHand.push({ line, name: undefined, reason: "another repository's workflow inherits all secrets" });
}

function allow(draft: Draft, job: JobModel): void {
  if (draft.allowed.has(job.id)) return;
  draft.allowed.add(job.id);
  const { edits, doubt } = allowIdentity(draft.text, draft.workflow, job);
  draft.edits.push(...edits);
  const line = lineNumber(draft.text, job.map.range?.[0] ?? 0);
  if (doubt !== undefined) draft.doubts.push({ line, name: undefined, reason: `job ${job.id} ${doubt}` });
}

function leave({ text, workflow, options, byHand }: Draft, reference: PlacedReference): void {
  const { path, name, start } = reference;
  const job = workflow.jobs.find(({ id }) => path[0] === "jobs" && path[1] === id);
  if (workflow.hasAliases) {
    byHand.push({ line: lineNumber(text, start), name, reason: "the file repeats parts of itself by YAML aliases" });
    return;
  }
  const isPassedIn = name !== undefined && workflow.declaredSecrets.has(name);
  const reason = isPassedIn
    ? "the caller of this workflow passes it in"
    : job?.dynamicEnvironment === true
      ? "the job's environment is known only when it runs"
      : job?.environment !== undefined && options.environmentOf(job.environment) === undefined
        ? "the job's environment was not exported"
        : explain(reference);
  byHand.push({ line: lineNumber(text, start), name, reason });
}

function noteReplaced({ text, replaced }: Draft, { start, name }: PlacedReference): void {
  if (name !== undefined) replaced.push({ line: lineNumber(text, start), name });
}

/** Keys of a job in which the outputs of its steps can be read: steps themselves, its outputs, the address of its environment. */
function isInSteps({ path, name }: PlacedReference, job: JobModel): boolean {
  if (name === undefined || path[0] !== "jobs" || path[1] !== job.id || path.at(-1) === "(key)") return false;
  return path[2] === "steps" || path[2] === "outputs" || (path[2] === "environment" && path[3] === "url");
}

function explain({ path, name }: PlacedReference): string {
  if (name === undefined) return "which secret is meant is known only when it runs";
  if (path[2] === "secrets") return "it is passed to a called workflow";
  if (path[2] === "container" || path[2] === "services") return "a container starts before any step can read it";
  if (path.includes("env")) return "only a whole value can be handed on as a variable";
  if (path[2] === "steps") return "no secret of this name was exported for this job";
  return "no step has run yet where it is read";
}

function chooseStepId({ stepIds }: JobModel): string {
  let id = "esc-secrets";
  for (let count = 2; stepIds.has(id); count++) id = `esc-secrets-${count}`;
  return id;
}

function sortByLine<Note extends { line: number }>(notes: readonly Note[]): Note[] {
  return notes.toSorted((left, right) => left.line - right.line);
}

/** The shared rights of a workflow are extended once, however many jobs need it. */
function dedupe(edits: readonly TextEdit[]): TextEdit[] {
  return [...new Map(edits.map((edit) => [`${edit.start} ${edit.end} ${edit.text}`, edit])).values()];
}
