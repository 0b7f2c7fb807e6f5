import { AppError } from "@sophia/core/errors/app-error";
import type { ExportScope } from "./export-scope.ts";
import { formatScope } from "./export-scope.ts";
import { exportScript, exportVariables } from "./export-script.ts";

export const exportWorkflowFile = ".github/workflows/sophia-secrets-export.yml";

/** The one action it needs is GitHub's own, pinned: https://github.com/actions/upload-artifact/releases/tag/v6.0.0 */
const uploadAction = "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0";

/**
 * Linux takes at most 128 KiB in one variable and some 2 MiB in all, and GitHub's longest secret has 48 KiB: so one
 * variable for all of them is enough for most repositories, and this many with a variable each for any.
 */
const secretsPerStep = 25;

export interface ExportWorkflowOptions {
  run: string;
  repository: string;
  /** X25519, base64url. */
  publicKey: string;
  environments: readonly string[];
  /** Wall clock, milliseconds. */
  expiresAt: number;
  /** Read one by one instead of all at once. */
  names: readonly string[];
  runsOn?: string;
}

interface Step {
  scope: ExportScope;
  part: number;
  names: readonly string[];
}

/** The text of a workflow that runs by hand, once: a job for each place of secrets, and one sealed artifact of each. */
export function renderExportWorkflow(options: ExportWorkflowOptions): string {
  const scopes: ExportScope[] = [
    { kind: "base" },
    ...options.environments.map((environment) => ({ kind: "environment" as const, environment })),
  ];
  for (const environment of options.environments) refuseExpression(environment);
  return `# Made by \`sophia secrets migrate github ${options.repository}\` (${options.run}). It runs once, by hand, and is then deleted.
# No value leaves the runner in the clear: each is sealed for a key whose other half stays where this was made.
name: Sophia secrets export
on:
  workflow_dispatch:
    inputs:
      run:
        description: "To start, write ${options.run}"
        required: true
        type: string
permissions: {}
concurrency: sophia-secrets-export
jobs:
${scopes.map((scope, index) => renderJob(options, scope, index)).join("")}`;
}

/** The name under which the job of a scope uploads. */
function artifactName(run: string, index: number): string {
  return `sophia-${run}-${index === 0 ? "base" : `environment-${index}`}`;
}

function renderJob(options: ExportWorkflowOptions, scope: ExportScope, index: number): string {
  const title = scope.kind === "base" ? "Repository and organisation" : `Environment ${scope.environment}`;
  const environment = scope.kind === "base" ? "" : `    environment: ${quote(scope.environment)}\n`;
  const folder = `\${{ runner.temp }}/${artifactName(options.run, index)}`;
  return `  ${scope.kind === "base" ? "base" : `environment-${index}`}:
    name: ${quote(title)}
    if: inputs.run == '${options.run}'
    runs-on: ${options.runsOn ?? "ubuntu-latest"}
    timeout-minutes: 10
${environment}    steps:
${splitSteps(options.names, scope)
  .map((step) => renderStep(options, step, folder))
  .join("")}      - name: Hand over what is sealed
        uses: ${uploadAction}
        with:
          name: ${artifactName(options.run, index)}
          path: ${folder}
          retention-days: 1
          if-no-files-found: error
`;
}

function splitSteps(names: readonly string[], scope: ExportScope): Step[] {
  if (names.length === 0) return [{ scope, part: 1, names }];
  const count = Math.ceil(names.length / secretsPerStep);
  return Array.from({ length: count }, (_, part) => ({
    scope,
    part: part + 1,
    names: names.slice(part * secretsPerStep, (part + 1) * secretsPerStep),
  }));
}

function renderStep({ run, publicKey, expiresAt }: ExportWorkflowOptions, step: Step, folder: string): string {
  const sources =
    step.names.length === 0
      ? [[exportVariables.all, "${{ toJSON(secrets) }}"]]
      : step.names.map((name) => [`${exportVariables.single}${name}`, `\${{ secrets.${name} }}`]);
  const lines = [
    ...sources,
    [exportVariables.run, quote(run)],
    [exportVariables.scope, quote(formatScope(step.scope))],
    [exportVariables.publicKey, quote(publicKey)],
    [exportVariables.expiresAt, quote(String(expiresAt))],
    [exportVariables.output, `${folder}/part-${step.part}.json`],
  ];
  return `      - name: Seal the secrets
        shell: bash
        env:
${lines.map(([name, value]) => `          ${name}: ${value}\n`).join("")}        run: |
          node - <<'SOPHIA_SCRIPT'
${exportScript.replace(/^(?=.)/gm, "          ")}          SOPHIA_SCRIPT
`;
}

/** JSON is YAML. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function refuseExpression(environment: string): void {
  if (environment !== "" && environment.length <= 255 && !/\$\{\{|[\p{Cc}]/u.test(environment)) return;
  throw new AppError("invalid_input", "A GitHub environment has a name that no workflow can hold.", {
    hint: "Leave it out, and move its secrets by hand.",
  });
}
