import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { rewriteWorkflow } from "./rewrite-workflow.ts";
import type { RewriteOptions } from "./rewrite-workflow.ts";

const secrets = new Set(["NPM_TOKEN", "DEPLOY_KEY"]);
const options: RewriteOptions = {
  organisation: "acme",
  migrated: secrets,
  changedCallees: new Set(),
  environmentOf: (environment) => ({ name: `acme/sophia/x${environment ?? ""}`, secrets }),
};

const expression = fc.constantFrom(
  "${{ secrets.NPM_TOKEN }}",
  "${{secrets.DEPLOY_KEY}}",
  "${{ secrets['NPM_TOKEN'] }}",
  "${{ secrets.GITHUB_TOKEN }}",
  "${{ secrets.NPM_TOKEN || 'none' }}",
  "${{ secrets.STRANGER }}",
  "${{ matrix.os }}",
  "plain",
);
const value = fc.oneof(
  expression,
  expression.map((text) => `"${text}"`),
  fc.tuple(fc.constantFrom("a-", "x "), expression).map(([before, text]) => `"${before}${text} b"`),
);
const comment = fc.constantFrom("", " # why", "   # secrets.NPM_TOKEN");
const step = fc.record({ value, comment, kind: fc.constantFrom("run", "block", "with", "env") });
const job = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  environment: fc.constantFrom("", "production", "${{ inputs.x }}"),
  permissions: fc.constantFrom("", "write-all", "\n  contents: read", "{ contents: read }", "{}"),
  env: fc.array(value, { maxLength: 2 }),
  flush: fc.boolean(),
});
const workflow = fc.record({
  jobs: fc.array(job, { minLength: 1, maxLength: 3 }),
  env: fc.array(value, { maxLength: 2 }),
  permissions: fc.constantFrom("", "write-all", "\n  contents: read"),
  lineBreak: fc.constantFrom("\n", "\r\n"),
});

type Workflow = typeof workflow extends fc.Arbitrary<infer Value> ? Value : never;

function render({ jobs, env, permissions, lineBreak }: Workflow): string {
  const lines = [
    "on: [push, pull_request] # when",
    ...section("permissions", permissions, ""),
    ...map("env", env, ""),
    "jobs:",
  ];
  for (const [index, { steps, environment, permissions: own, env: variables, flush }] of jobs.entries()) {
    lines.push(`  job-${index}:`, "    # a job", "    runs-on: x");
    if (environment !== "") lines.push(`    environment: ${environment}`);
    lines.push(...section("permissions", own, "    "), ...map("env", variables, "    "), "    steps:");
    const dash = flush ? "    " : "      ";
    for (const { value: text, comment: note, kind } of steps) {
      if (kind === "run") lines.push(`${dash}- run: ${text}${note}`);
      else if (kind === "block") lines.push(`${dash}- run: |`, `${dash}    echo ${text}`, "", `${dash}    # done`);
      else lines.push(`${dash}-   uses: a/b@v1${note}`, `${dash}    ${kind}:`, `${dash}      token: ${text}${note}`);
    }
  }
  return `${lines.join(lineBreak)}${lineBreak}`;
}

function section(key: string, text: string, indent: string): string[] {
  if (text === "") return [];
  return text.startsWith("\n") ? [`${indent}${key}:`, `${indent}${text.slice(1)}`] : [`${indent}${key}: ${text}`];
}

function map(key: string, values: readonly string[], indent: string): string[] {
  return values.length === 0
    ? []
    : [`${indent}${key}:`, ...values.map((text, index) => `${indent}  V${index}: ${text}`)];
}

function restore(steps: unknown): unknown {
  const text = JSON.stringify(steps).replaceAll("steps.esc-secrets.outputs.", "secrets.");
  return JSON.parse(text.replaceAll("secrets['NPM_TOKEN']", "secrets.NPM_TOKEN"));
}

interface Parsed {
  env?: Record<string, string>;
  jobs: Record<string, { env?: Record<string, string>; permissions?: unknown; steps: Record<string, unknown>[] }>;
}

it("keeps what a workflow does: every step, variable and comment, in files of any layout", () => {
  fc.assert(
    fc.property(workflow, (shape) => {
      const text = render(shape);
      const result = rewriteWorkflow(text, options);
      const before = parse(text) as Parsed;
      const after = parse(result.text) as Parsed;
      expect(rewriteWorkflow(result.text, options).text).toBe(result.text);
      for (const [id, { steps, env = {} }] of Object.entries(before.jobs)) {
        const [first, ...rest] = after.jobs[id]?.steps ?? [];
        const isRead = first?.["id"] === "esc-secrets";
        const now = isRead ? rest : (after.jobs[id]?.steps ?? []);
        // Put the secrets back, and it is the same step.
        expect(restore(now)).toEqual(restore(steps));
        // A variable is where it was, or the step that reads ESC sets it.
        const exported = String(
          (first?.["with"] as Record<string, string> | undefined)?.["export-environment-variables"] ?? "",
        );
        const handed = new Set(
          isRead && exported !== "false" ? exported.split(",").map((each) => each.split("=")[0]) : [],
        );
        for (const [name, value_] of Object.entries({ ...before.env, ...env })) {
          const kept = after.jobs[id]?.env?.[name] ?? (name in env ? undefined : after.env?.[name]);
          expect(handed.has(name) ? undefined : kept).toBe(handed.has(name) ? undefined : value_);
        }
      }
      const comments = (all: string): number => all.split("# a job").length + all.split("# when").length;
      expect(comments(result.text)).toBe(comments(text));
      if (shape.lineBreak === "\r\n") expect(result.text.replaceAll("\r\n", "")).not.toContain("\n");
      const uses = [...text.matchAll(/\$\{\{ ?secrets(?:\.|\[')(NPM_TOKEN|DEPLOY_KEY)/g)].length;
      expect(result.replaced.length + result.byHand.length).toBe(uses);
    }),
    { numRuns: 200 },
  );
});
