import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { rewriteWorkflow } from "./rewrite-workflow.ts";
import type { RewriteOptions } from "./rewrite-workflow.ts";

const base = new Set(["NPM_TOKEN", "SLACK_URL", "CODECOV"]);
const options: RewriteOptions = {
  organisation: "acme",
  migrated: new Set([...base, "DEPLOY_KEY"]),
  changedCallees: new Set(["./.github/workflows/called.yml"]),
  environmentOf: (environment) =>
    environment === undefined
      ? { name: "acme/sophia/github-octo-shop", secrets: base }
      : environment === "production"
        ? { name: "acme/sophia/github-octo-shop-production", secrets: new Set([...base, "DEPLOY_KEY"]) }
        : undefined,
};

function rewrite(text: string, change: Partial<RewriteOptions> = {}) {
  const result = rewriteWorkflow(text, { ...options, ...change });
  // Whatever else: the file stays YAML, and running it again finds nothing to do.
  parse(result.text);
  expect(rewriteWorkflow(result.text, { ...options, ...change }).text).toBe(result.text);
  return result;
}

const release = `# Release, with care
name: release   # the name
on:
  push:
    branches: [main]

permissions:
  contents: write # for the tag

jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      # Check out first
      - uses: actions/checkout@v4
        with: { token: "\${{ secrets.GITHUB_TOKEN }}" }
      - name: Publish   # to npm
        run: |
          echo "//registry.npmjs.org/:_authToken=\${{ secrets.NPM_TOKEN }}" > ~/.npmrc
          npm publish   # secrets.NPM_TOKEN in a comment stays
        env:
          URL: "\${{ secrets['SLACK_URL'] || secrets.codecov }}"
          OTHER: \${{ secrets.NOT_MIGRATED }}
`;

describe("rewriteWorkflow", () => {
  it("puts one step first, points to its outputs, and leaves every other character", () => {
    const result = rewrite(release);
    expect(result.text).toBe(
      release
        .replace("  contents: write # for the tag", "  id-token: write\n  contents: write # for the tag")
        .replace(
          "      # Check out first\n      - uses",
          `      # Check out first
      - name: Read secrets from Pulumi ESC
        id: esc-secrets
        uses: pulumi/esc-action@6cf9520e68354d86f81c455e8d43eabd58f5c9f5 # v1.5.0
        with:
          environment: acme/sophia/github-octo-shop
          export-environment-variables: "false"
          oidc-auth: "true"
          oidc-organization: acme
          oidc-requested-token-type: urn:pulumi:token-type:access_token:organization
      - uses`,
        )
        .replace("${{ secrets.NPM_TOKEN }}", "${{ steps.esc-secrets.outputs.NPM_TOKEN }}")
        .replace(
          "secrets['SLACK_URL'] || secrets.codecov",
          "steps.esc-secrets.outputs.SLACK_URL || steps.esc-secrets.outputs.CODECOV",
        ),
    );
    expect(result.replaced).toEqual([
      { line: 19, name: "NPM_TOKEN" },
      { line: 22, name: "SLACK_URL" },
      { line: 22, name: "CODECOV" },
    ]);
    expect(result.byHand).toEqual([]);
    expect(result.doubts).toEqual([]);
  });

  it("moves variables of a job and of the whole workflow into the step", () => {
    const result = rewrite(`on: [pull_request, push]
env:
  NODE_ENV: test
  NPM: \${{ secrets.NPM_TOKEN }}
permissions: write-all
jobs:
  one:
    runs-on: ubuntu-latest
    env:
      CODECOV: \${{ secrets.CODECOV }}
    steps:
    - run: npm test
  two:
    runs-on: ubuntu-latest
    env: # mine
      NPM: own
      MIXED: a-\${{ secrets.SLACK_URL }}-b
    steps:
    - run: echo hi
`);
    const workflow = parse(result.text) as {
      env: object;
      jobs: Record<string, { env?: object; steps: { if?: string; with?: Record<string, string> }[] }>;
    };
    expect(workflow.env).toEqual({ NODE_ENV: "test" });
    expect(workflow.jobs["one"]?.env).toBeUndefined();
    expect(workflow.jobs["one"]?.steps[0]?.with?.["export-environment-variables"]).toBe("NPM=NPM_TOKEN,CODECOV");
    expect(workflow.jobs["one"]?.steps[0]?.if).toContain("fork != true");
    expect(workflow.jobs["two"]).toEqual({
      "runs-on": "ubuntu-latest",
      env: { NPM: "own", MIXED: "a-${{ secrets.SLACK_URL }}-b" },
      steps: [{ run: "echo hi" }],
    });
    expect(result.byHand).toEqual([
      { line: 17, name: "SLACK_URL", reason: "only a whole value can be handed on as a variable" },
    ]);
    expect(result.replaced.map(({ name }) => name)).toEqual(["NPM_TOKEN", "CODECOV"]);
  });

  it("reads a job's own environment, and leaves one that is known only when it runs", () => {
    const result = rewrite(`on: push
permissions: { contents: read }
jobs:
  deploy:
    environment: { name: production, url: "https://x.example/\${{ secrets.SLACK_URL }}" }
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy
        env: { KEY: "\${{ secrets.DEPLOY_KEY }}", "NPM": '\${{ secrets.NPM_TOKEN }}' }
  any:
    environment: \${{ inputs.where }}
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy \${{ secrets.DEPLOY_KEY }}
  none:
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy \${{ secrets.DEPLOY_KEY }}
  unknown:
    environment: qa
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy \${{ secrets.NPM_TOKEN }}
`);
    expect(result.text).toContain("environment: acme/sophia/github-octo-shop-production\n");
    expect(result.text).toContain("permissions: { contents: read, id-token: write }");
    expect(result.text).toContain(
      `KEY: "\${{ steps.esc-secrets.outputs.DEPLOY_KEY }}", "NPM": '\${{ steps.esc-secrets.outputs.NPM_TOKEN }}'`,
    );
    expect(result.byHand.map(({ line, name }) => [line, name])).toEqual([
      [14, "DEPLOY_KEY"],
      [18, "DEPLOY_KEY"],
      [23, "NPM_TOKEN"],
    ]);
    expect(result.byHand[0]?.reason).toContain("known only when it runs");
  });

  it("lists what no step can give: containers, called workflows, names that are computed", () => {
    const result = rewrite(`on:
  workflow_call:
    secrets:
      CODECOV: { required: true }
permissions:
  id-token: write
jobs:
  inside:
    runs-on: ubuntu-latest
    container:
      image: private
      credentials: { password: "\${{ secrets.NPM_TOKEN }}" }
    steps:
      - run: echo \${{ secrets.CODECOV }} \${{ toJSON(secrets) }} \${{ secrets[matrix.name] }}
      - run: echo \${{ secrets.SLACK_URL }}
  call:
    uses: other/repo/.github/workflows/x.yml@v1
    secrets:
      TOKEN: \${{ secrets.NPM_TOKEN }}
  inherit:
    uses: other/repo/.github/workflows/x.yml@v1
    secrets: inherit
  local:
    uses: ./.github/workflows/called.yml
    secrets: inherit
    permissions:
      contents: read
`);
    expect(result.byHand.map(({ line, name, reason }) => `${line} ${name} ${reason}`)).toEqual([
      "12 NPM_TOKEN a container starts before any step can read it",
      "14 CODECOV the caller of this workflow passes it in",
      "14 undefined which secret is meant is known only when it runs",
      "14 undefined which secret is meant is known only when it runs",
      "19 NPM_TOKEN it is passed to a called workflow",
      "22 undefined another repository's workflow inherits all secrets",
    ]);
    expect(result.replaced).toEqual([{ line: 15, name: "SLACK_URL" }]);
    expect(result.text).toContain("    permissions:\n      id-token: write\n      contents: read\n");
  });

  it("gives a job without any rights those of GitHub's default, and says so", () => {
    const result = rewrite(
      "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ secrets.NPM_TOKEN }}\n",
    );
    expect(result.text).toContain(
      "  a:\n    permissions:\n      contents: read\n      packages: read\n      id-token: write\n    runs-on: x\n",
    );
    expect(result.doubts[0]?.reason).toContain("job a had the repository's default rights");
  });

  it("keeps Windows line ends, takes another id where esc-secrets is taken, and touches nothing without secrets", () => {
    const text =
      "on: push\r\npermissions:\r\n  contents: read\r\njobs:\r\n  a:\r\n    runs-on: x\r\n    steps:\r\n      - id: esc-secrets\r\n        run: echo ${{ secrets.NPM_TOKEN }}\r\n";
    const result = rewrite(text);
    expect(result.text.replaceAll("\r\n", "")).not.toContain("\n");
    expect(result.text).toContain("${{ steps.esc-secrets-2.outputs.NPM_TOKEN }}");
    expect(rewrite("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'x'}]\n").replaced).toEqual([]);
    const flow = "on: push\njobs: {a: {runs-on: x, steps: [{run: 'echo ${{ secrets.NPM_TOKEN }}'}]}}\n";
    expect(rewrite(flow)).toMatchObject({ text: flow, byHand: [{ line: 2, name: "NPM_TOKEN" }] });
  });

  it("leaves a variable where a container of the job names it", () => {
    const text = `on: push
permissions: write-all
jobs:
  one:
    runs-on: x
    env:
      NPM: \${{ secrets.NPM_TOKEN }}
      OTHER: \${{ secrets.CODECOV }}
    services:
      web: { image: x, env: { TOKEN: "\${{ env.NPM }}" } }
    steps:
      - run: make
`;
    const result = rewrite(text);
    expect(result.text).toContain("      NPM: ${{ secrets.NPM_TOKEN }}\n    services:");
    expect(result.text).toContain('export-environment-variables: "OTHER=CODECOV"');
    expect(result.byHand).toMatchObject([{ line: 7, name: "NPM_TOKEN" }]);
  });

  it("changes nothing in a file that repeats parts of itself", () => {
    const text = `on: push
jobs:
  one:
    runs-on: x
    steps: &steps
      - run: echo \${{ secrets.NPM_TOKEN }}
  two:
    environment: production
    runs-on: x
    steps: *steps
`;
    expect(rewrite(text)).toMatchObject({ text, byHand: [{ line: 6, name: "NPM_TOKEN" }] });
  });

  it("lists the secrets of a file that is no workflow", () => {
    const action = "runs:\n  using: composite\n  steps:\n    - run: echo ${{ secrets.NPM_TOKEN }}\n";
    expect(rewriteWorkflow(action, options)).toMatchObject({ text: action, byHand: [{ line: 4, name: "NPM_TOKEN" }] });
    expect(rewriteWorkflow("a: [b\n  ${{ secrets.NPM_TOKEN }}", options).byHand).toHaveLength(1);
  });
});
