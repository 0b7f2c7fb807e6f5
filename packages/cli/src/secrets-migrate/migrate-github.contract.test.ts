import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGithubMigration, openrouterKey } from "./testing/github-migration.ts";
import type { GithubMigration } from "./testing/github-migration.ts";
import { hostileSecrets } from "./testing/hostile-secrets.ts";
import { createSampleClone, git } from "./testing/sample-clone.ts";

let github: GithubMigration;
beforeEach(async () => void (github = await createGithubMigration()));
afterEach(async () => await github.close());

describe("migrating a repository through GitHub's API", () => {
  it("brings every secret into ESC byte for byte, services' own to their place, the rest to the repository's", async () => {
    for (const [name, value] of Object.entries(hostileSecrets)) {
      github.simulator.state.own.set(`H_${name}`, value);
    }
    const first = await github.migrate({ clone: github.clone });
    expect(first.code).toBe(0);
    expect(git(github.clone, "log", "--format=%s", "--all")).toContain("Export secrets once");
    const second = await github.migrate({ dispatch: true });
    expect(second.stderr).toMatch(/\d+ secrets are in ESC; each was compared with the fingerprint/);
    const state = await github.state();
    expect(state).toMatchObject({ phase: "verified", secrets: state.verified });
    const base = "sophia/github-octo-shop";
    for (const [name, value] of Object.entries(hostileSecrets)) {
      expect(await github.harness.read(base, `environmentVariables.H_${name}`), name).toBe(value);
    }
    expect(
      await github.harness.read("sophia/ai-intelligence-production", "environmentVariables.OPENROUTER_API_KEY"),
    ).toBe(openrouterKey);
    expect(await github.harness.read(base, "environmentVariables.OPENROUTER_API_KEY")).toBe(openrouterKey);
    expect(await github.harness.read(base, "other.OPENROUTER_API_KEY")).toBeUndefined();
    expect(await github.harness.read(base, "environmentVariables.NPM_TOKEN")).toBe("canary-npm-token-0001");
    expect(await github.harness.read(base, "environmentVariables.SLACK_URL")).toContain("canary-slack");
    expect(await github.harness.read(`${base}-production`, "environmentVariables.NPM_TOKEN")).toBe(
      "canary-npm-production",
    );
    expect(await github.harness.read(`${base}-production`, "environmentVariables.SLACK_URL")).toContain("canary-slack");
    expect(await github.harness.read(base, "environmentVariables.DEPLOY_KEY")).toBeUndefined();
    expect(await github.harness.read(base, "environmentVariables.github_token")).toBeUndefined();
  });

  it("rewrites the workflows on a branch, touches neither the working tree nor main, and pushes nothing", async () => {
    await github.toVerified();
    const before = git(github.clone, "status", "--porcelain=v2", "--branch");
    const { stdout, code } = await github.migrate({ clone: github.clone });
    expect(code).toBe(1);
    expect(stdout).toContain("4 uses of secrets in 2 files read from ESC.");
    expect(stdout).toContain(".github/workflows/legacy.yml:9 REGISTRY_PASSWORD: a container starts before");
    expect(git(github.clone, "status", "--porcelain=v2", "--branch")).toBe(before);
    const [branch = ""] = git(
      github.clone,
      "branch",
      "--list",
      "sophia/secrets-from-esc-*",
      "--format=%(refname:short)",
    ).split("\n");
    const diff = git(github.clone, "diff", "main", branch);
    expect(diff).toContain("+          OPENROUTER_API_KEY: ${{ steps.esc-secrets.outputs.OPENROUTER_API_KEY }}");
    expect(diff).toContain("+          environment: acme/sophia/github-octo-shop\n");
    expect(diff).toContain("+          environment: acme/sophia/github-octo-shop-production\n");
    expect(diff).toContain('+          export-environment-variables: "DEPLOY_KEY"');
    expect(diff.match(/^\+.*id-token: write/gm)).toHaveLength(2);
    expect(diff).not.toMatch(/^-.*GITHUB_TOKEN/m);
    await github.migrate({ clone: github.clone });
    expect(git(github.clone, "rev-list", "--count", `main..${branch}`).trim()).toBe("1");
  });

  it("deletes only on approval, only what nobody reads any more, and each is looked for afterwards", async () => {
    await github.toVerified();
    await github.migrate({ clone: github.clone });
    const early = await github.migrate({ clone: github.clone, delete: true });
    git(github.clone, "switch", "--quiet", "--create", "elsewhere");
    git(github.clone, "commit", "--quiet", "--allow-empty", "-m", "Not on GitHub");
    await expect(github.migrate({ clone: github.clone, delete: true })).rejects.toThrow(
      /not at the newest commit of main/,
    );
    git(github.clone, "switch", "--quiet", "main");
    const stranger = createSampleClone(join(github.harness.folder, "stranger"));
    git(stranger, "remote", "set-url", "origin", "https://github.example/octo/shop-two");
    await expect(github.migrate({ clone: stranger, delete: true })).rejects.toThrow(/no clone of octo\/shop/);
    expect(early.stderr).toContain(
      "OPENROUTER_API_KEY (repository or organisation) stays: a workflow on the clone's present commit",
    );
    github.mergeRewrite();
    github.simulator.state.own.set("H_PLAIN", "set again after the export");
    const proposal = await github.migrate({ clone: github.clone, delete: true });
    expect(proposal.stdout).toContain("delete OPENROUTER_API_KEY");
    expect(proposal.stderr).toContain("H_PLAIN (repository or organisation) stays: it was set again after the export.");
    expect(proposal.stderr).toContain("SLACK_URL (repository or organisation) stays: it belongs to the organisation");
    expect(proposal.stderr).toContain("REGISTRY_PASSWORD (repository or organisation) stays: a workflow");
    expect(github.simulator.state.own.secrets.has("OPENROUTER_API_KEY")).toBe(true);
    await github.migrate({ clone: github.clone, delete: true });
    expect(github.simulator.state.own.secrets.has("OPENROUTER_API_KEY")).toBe(true);
    await github.approve();
    const done = await github.migrate({ clone: github.clone, delete: true });
    expect(done.stdout).toMatch(/\d+ secrets are deleted from GitHub/);
    expect([...github.simulator.state.own.secrets.keys()]).toEqual(["H_PLAIN", "REGISTRY_PASSWORD"]);
    expect(github.simulator.state.environments.get("production")?.secrets.size).toBe(0);
    expect(github.simulator.state.organisation.secrets.size).toBe(2);

    const back = await github.undo();
    expect(back.stdout).toContain("write OPENROUTER_API_KEY back to GitHub");
    expect(github.simulator.state.own.secrets.get("OPENROUTER_API_KEY")?.value).toBe(openrouterKey);
    expect(github.simulator.state.own.secrets.get("H_UNICODE")?.value).toBe(hostileSecrets["UNICODE"]);
    expect(github.simulator.state.environments.get("production")?.secrets.get("NPM_TOKEN")?.value).toBe(
      "canary-npm-production",
    );
  });

  it("goes on with a deletion that was cut off, under the same approval", async () => {
    await github.toVerified();
    await github.migrate({ clone: github.clone });
    github.mergeRewrite();
    await github.migrate({ clone: github.clone, delete: true });
    await github.approve();
    github.simulator.fail(/DELETE .*H_QUOTES/, { status: 403 }, 1);
    await expect(github.migrate({ clone: github.clone, delete: true })).rejects.toMatchObject({ kind: "denied" });
    expect(github.simulator.state.own.secrets.has("H_QUOTES")).toBe(true);
    const again = await github.migrate({ clone: github.clone, delete: true });
    expect(again.stdout).toContain("secrets are deleted from GitHub");
    expect([...github.simulator.state.own.secrets.keys()]).toEqual(["REGISTRY_PASSWORD"]);
    expect(await github.state()).toMatchObject({ phase: "deleted" });
  });
});

describe("migrating without a token", () => {
  it("goes by files: the workflow from the run's folder, the artifact as it was downloaded", async () => {
    await github.migrate({ environments: ["production"] }, {});
    const { id } = await github.state();
    const artifacts = await github.runOnRunner(id);
    const files = Object.entries(artifacts).flatMap(([name, parts]) =>
      Object.entries(parts).map(([part, bytes]) => {
        mkdirSync(join(github.harness.folder, name), { recursive: true });
        writeFileSync(join(github.harness.folder, name, part), bytes);
        return join(github.harness.folder, name, part);
      }),
    );
    const half = await github.migrate({ results: files.slice(0, 1) }, {});
    expect(half.code).toBe(1);
    expect(half.stderr).toContain("Still missing: the result of environment production.");
    const whole = await github.migrate({ results: files }, {});
    expect(whole.stderr).toContain("secrets are in ESC");
    expect(await github.state()).toMatchObject({ phase: "verified" });
    await expect(github.migrate({ clone: github.clone, delete: true }, {})).rejects.toThrow(/needs a token of GitHub/);
  });

  it("shows everything beforehand and changes nothing with --dry-run", async () => {
    const { stdout } = await github.migrate({ clone: github.clone, dryRun: true, environments: ["production"] }, {});
    expect(stdout).toContain("toJSON(secrets)");
    expect(stdout).toContain("uses of secrets in 2 files read from ESC.");
    expect(await github.state()).toBeUndefined();
    expect(git(github.clone, "branch", "--format=%(refname:short)").trim()).toBe("main");
    const listed = await github.migrate({ clone: github.clone, dryRun: true, json: true });
    const report = JSON.parse(listed.stdout) as { secrets: { scope: string; names: string[] }[] };
    expect(report.secrets.find(({ scope }) => scope === "environment production")?.names).toEqual([
      "DEPLOY_KEY",
      "NPM_TOKEN",
    ]);
  });
});
