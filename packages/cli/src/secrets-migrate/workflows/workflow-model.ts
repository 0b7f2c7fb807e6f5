import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit } from "yaml";
import type { Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { findSecretReferences } from "./secret-references.ts";
import type { SecretReference } from "./secret-references.ts";

/** A use of a secret with its place in the workflow: `["jobs", "build", "steps", 0, "env", "TOKEN"]`. */
export interface PlacedReference extends SecretReference {
  path: readonly (string | number)[];
  /** The scalar holds this one expression and nothing else. */
  whole: boolean;
}

export interface JobModel {
  id: string;
  map: YAMLMap;
  steps: YAMLSeq | undefined;
  /** Name of the GitHub environment; `dynamic` for an expression. */
  environment: string | undefined;
  dynamicEnvironment: boolean;
  /** A called workflow: `./.github/workflows/x.yml` or `owner/repo/...@ref`. */
  uses: string | undefined;
  inheritsSecrets: Scalar | undefined;
  stepIds: ReadonlySet<string>;
}

export interface WorkflowModel {
  root: YAMLMap;
  jobs: readonly JobModel[];
  references: readonly PlacedReference[];
  /** One part of the text may stand in several places: what is put into it is put into all of them. */
  hasAliases: boolean;
  /** Secrets that a caller passes in. */
  declaredSecrets: ReadonlySet<string>;
  /** Runs for pull requests, also those from forks, which get no secrets. */
  onPullRequest: boolean;
}

/** Reads a workflow with the places of everything in its text. Undefined for what is no workflow that GitHub would take. */
export function readWorkflow(text: string): WorkflowModel | undefined {
  const document = parseDocument(text, { strict: false, uniqueKeys: false });
  const root = document.contents;
  if (document.errors.length > 0 || !isMap(root)) return undefined;
  const jobs = root.get("jobs");
  if (!isMap(jobs)) return undefined;
  return {
    root,
    jobs: jobs.items.flatMap((pair) => (isPair(pair) && isMap(pair.value) ? [readJob(keyOf(pair), pair.value)] : [])),
    references: placeReferences(text, root),
    hasAliases: findAlias(root),
    declaredSecrets: new Set(readDeclared(root).map((name) => name.toUpperCase())),
    onPullRequest: readTriggers(root).includes("pull_request"),
  };
}

export function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

export function findPair(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair) === key);
}

function readJob(id: string, map: YAMLMap): JobModel {
  const steps = map.get("steps");
  const environment = map.get("environment");
  const name: unknown = isMap(environment) ? environment.get("name") : environment;
  const secrets = findPair(map, "secrets")?.value;
  const uses: unknown = map.get("uses");
  const stepIds = isSeq(steps) ? steps.items.flatMap((step) => (isMap(step) ? [readText(step.get("id"))] : [])) : [];
  const dynamicEnvironment = name !== undefined && (typeof name !== "string" || name.includes("${{"));
  return {
    id,
    map,
    steps: isSeq(steps) ? steps : undefined,
    environment: typeof name === "string" && !dynamicEnvironment ? name : undefined,
    dynamicEnvironment,
    uses: typeof uses === "string" ? uses : undefined,
    inheritsSecrets: isScalar(secrets) && secrets.value === "inherit" ? secrets : undefined,
    stepIds: new Set(stepIds),
  };
}

function readText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function placeReferences(text: string, root: YAMLMap): PlacedReference[] {
  const found: PlacedReference[] = [];
  visit(root, {
    Scalar(key, node, ancestors) {
      const [start, end] = node.range ?? [0, 0];
      const raw = text.slice(start, end);
      if (!raw.includes("${{")) return;
      const path = toPath(key, node, ancestors);
      for (const reference of findSecretReferences(raw)) {
        const whole = reference.alone && /^["']?\$\{\{[^{}]*\}\}["']?$/.test(raw.trim());
        found.push({ ...reference, start: start + reference.start, end: start + reference.end, path, whole });
      }
    },
  });
  return found;
}

function toPath(
  key: number | "key" | "value" | null,
  node: Scalar,
  ancestors: readonly unknown[],
): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [index, ancestor] of ancestors.entries()) {
    if (isPair(ancestor)) path.push(keyOf(ancestor));
    if (isSeq(ancestor)) path.push(ancestor.items.findIndex((item) => item === (ancestors[index + 1] ?? node)));
  }
  if (key === "key") path.push("(key)");
  return path;
}

function findAlias(root: YAMLMap): boolean {
  let found = false;
  visit(root, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function readDeclared(root: YAMLMap): string[] {
  const on = root.get("on");
  const call = isMap(on) ? on.get("workflow_call") : undefined;
  const secrets = isMap(call) ? call.get("secrets") : undefined;
  return isMap(secrets) ? secrets.items.map((pair) => keyOf(pair)) : [];
}

function readTriggers(root: YAMLMap): string[] {
  const on = root.get("on", true);
  if (isMap(on)) return on.items.map((pair) => keyOf(pair));
  if (isSeq(on)) return on.items.map((item) => (isScalar(item) ? String(item.value) : ""));
  return isScalar(on) && !isAlias(on) ? [String(on.value)] : [];
}
