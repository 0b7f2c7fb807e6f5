import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTokens } from "@sophia/core/approval/tokens";
import { systemClock } from "@sophia/core/limits/clock";
import { startGithubSecretsSimulator } from "@sophia/simulators/github-secrets/simulator";
import type { GithubSecretsSimulator } from "@sophia/simulators/github-secrets/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runDecide } from "../commands/plans.ts";
import { findCanaries, readAllFiles } from "../end-to-end/canaries.ts";
import { withStore } from "../with-store.ts";
import { runMigrateGithub } from "./migrate-github.ts";
import type { MigrateGithubOptions } from "./migrate-github.ts";
import { runMigrateList } from "./migrate-list.ts";
import { runMigrateUndo } from "./migrate-undo.ts";
import { hostileSecrets } from "./testing/hostile-secrets.ts";
import { createMigrationHarness } from "./testing/migration-harness.ts";
import type { MigrationHarness } from "./testing/migration-harness.ts";
import { runExportJob } from "./testing/run-export-job.ts";
import { createSampleClone, git } from "./testing/sample-clone.ts";

const token = "ghp_canary0123456789abcdef0123456789abcdef";
const approverToken = "approver-0123456789abcdef0123456789abcdef";
const repository = "octo/shop";
const openrouterKey = `sk-or-v1-${"a1".repeat(32)}`;

let harness: MigrationHarness;
let simulator: GithubSecretsSimulator;
let clone: string;
let said = "";

beforeEach(async () => {
  harness = createMigrationHarness();
  said = "";
  const past = new Date(Date.now() - 3_600_000);
  let isPast = true;
  simulator = await startGithubSecretsSimulator({
    token,
    repository,
    environments: ["production"],
    now: () => (isPast ? past : new Date()),
    runWorkflow: ({ inputs }) => runOnRunner(inputs["run"] ?? ""),
  });
  const { own, organisation, environments } = simulator.state;
  for (const name of ["PLAIN", "QUOTES", "UNICODE"]) own.set(`H_${name}`, hostileSecrets[name] ?? "");
  own.set("OPENROUTER_API_KEY", openrouterKey);
  own.set("NPM_TOKEN", "canary-npm-token-0001");
  own.set("REGISTRY_PASSWORD", "canary-registry-word");
  organisation.set("SLACK_URL", "https://hooks.example/canary-slack-0001");
  organisation.set("NPM_TOKEN", "canary-npm-of-organisation");
  environments.get("production")?.set("DEPLOY_KEY", "-----BEGIN KEY-----\ncanary-deploy-key-line\n-----END KEY-----\n");
  environments.get("production")?.set("NPM_TOKEN", "canary-npm-production");
  isPast = false;
  clone = createSampleClone(mkdtempSync(join(harness.folder, "clone-")));
});
afterEach(async () => {
  await simulator.close();
  harness.close();
});

/** What GitHub's runners do: each job sees its own secrets, runs the very script of the workflow, and uploads a folder. */
async function runOnRunner(run: string): Promise<Record<string, Record<string, Buffer>>> {
  const workflow = readFileSync(
    join(harness.dataDir, "secrets", "migrations", run, "sophia-secrets-export.yml"),
    "utf8",
  );
  const { own, organisation, environments } = simulator.state;
  const base = { ...values(organisation.secrets), ...values(own.secrets), github_token: "ghs_job" };
  const jobs = { base, "environment-1": { ...base, ...values(environments.get("production")?.secrets ?? new Map()) } };
  const artifacts: Record<string, Record<string, Buffer>> = {};
  for (const [job, secrets] of Object.entries(jobs)) {
    const temp = mkdtempSync(join(harness.folder, "runner-"));
    said += (await runExportJob({ workflow, job, secrets, temp })).commandLines.join("\n");
    const folder = join(temp, `sophia-${run}-${job}`);
    artifacts[`sophia-${run}-${job}`] = Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
    );
  }
  return artifacts;
}

function values(secrets: ReadonlyMap<string, { value: string }>): Record<string, string> {
  return Object.fromEntries([...secrets].map(([name, { value }]) => [name, value]));
}

function withToken(): Record<string, string> {
  return { GITHUB_TOKEN: token, GITHUB_API_URL: simulator.url };
}

async function migrate(change: Partial<MigrateGithubOptions> = {}, environment: Record<string, string> = withToken()) {
  const command = harness.context(environment);
  const options: MigrateGithubOptions = {
    store: harness.store,
    repository,
    stage: "production",
    environments: [],
    names: [],
    clone: undefined,
    results: [],
    organisation: "acme",
    dispatch: false,
    replace: false,
    delete: false,
    dryRun: false,
    json: false,
    ...change,
  };
  try {
    const code = await runMigrateGithub(command.context, options);
    return { code, stdout: command.stdout(), stderr: command.stderr() };
  } finally {
    said += command.stdout() + command.stderr();
  }
}

async function undo(environment: Record<string, string> = withToken()) {
  const command = harness.context(environment);
  const code = await runMigrateUndo(command.context, {
    store: harness.store,
    run: undefined,
    dryRun: false,
    json: false,
  });
  said += command.stdout() + command.stderr();
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

async function approve(): Promise<void> {
  const command = harness.context({ SOPHIA_APPROVER_TOKEN: approverToken });
  const { context } = command;
  const id = await withStore(context.config, context.log, async (store) => {
    await createTokens({ store, clock: systemClock }).adopt(approverToken, {
      name: "boss",
      server: "*",
      scopes: ["read", "approve"],
    });
    const row = await store.db
      .selectFrom("plans")
      .select("id")
      .where("state", "=", "proposed")
      .executeTakeFirstOrThrow();
    return row.id;
  });
  await runDecide(context, { id, decision: "approve", reason: undefined, tokenFile: undefined, json: false });
  said += command.stdout() + command.stderr();
}

async function readState(): Promise<{ id: string; phase: string; secrets: number; verified: number; deleted: number }> {
  const command = harness.context();
  await runMigrateList(command.context, { store: harness.store, json: true });
  const { runs } = JSON.parse(command.stdout()) as { runs: Awaited<ReturnType<typeof readState>>[] };
  return runs[0] as Awaited<ReturnType<typeof readState>>;
}

async function toVerified(): Promise<void> {
  await migrate();
  await migrate({ dispatch: true });
}

describe("migrating a repository through GitHub's API", () => {
  it("brings every secret into ESC byte for byte, services' own to their place, the rest to the repository's", async () => {
    for (const [name, value] of Object.entries(hostileSecrets)) {
      if (value !== "") simulator.state.own.set(`H_${name}`, value);
    }
    const first = await migrate({ clone });
    expect(first.code).toBe(0);
    expect(git(clone, "log", "--format=%s", "--all")).toContain("Export secrets once");
    const second = await migrate({ dispatch: true });
    expect(second.stderr).toMatch(/\d+ secrets are in ESC; each was compared with the fingerprint/);
    const state = await readState();
    expect(state).toMatchObject({ phase: "verified", secrets: state.verified });
    const base = "sophia/github-octo-shop";
    for (const [name, value] of Object.entries(hostileSecrets)) {
      if (value !== "") expect(await harness.read(base, `environmentVariables.H_${name}`), name).toBe(value);
    }
    expect(await harness.read("sophia/ai-intelligence-production", "environmentVariables.OPENROUTER_API_KEY")).toBe(
      openrouterKey,
    );
    expect(await harness.read(base, "environmentVariables.OPENROUTER_API_KEY")).toBe(openrouterKey);
    expect(await harness.read(base, "other.OPENROUTER_API_KEY")).toBeUndefined();
    expect(await harness.read(base, "environmentVariables.NPM_TOKEN")).toBe("canary-npm-token-0001");
    expect(await harness.read(base, "environmentVariables.SLACK_URL")).toContain("canary-slack");
    expect(await harness.read(`${base}-production`, "environmentVariables.NPM_TOKEN")).toBe("canary-npm-production");
    expect(await harness.read(`${base}-production`, "environmentVariables.SLACK_URL")).toContain("canary-slack");
    expect(await harness.read(base, "environmentVariables.DEPLOY_KEY")).toBeUndefined();
    expect(await harness.read(base, "environmentVariables.github_token")).toBeUndefined();
  });

  it("rewrites the workflows on a branch, touches neither the working tree nor main, and pushes nothing", async () => {
    await toVerified();
    const before = git(clone, "status", "--porcelain=v2", "--branch");
    const { stdout, code } = await migrate({ clone });
    expect(code).toBe(1);
    expect(stdout).toContain("4 uses of secrets in 2 files read from ESC.");
    expect(stdout).toContain(".github/workflows/legacy.yml:9 REGISTRY_PASSWORD: a container starts before");
    expect(git(clone, "status", "--porcelain=v2", "--branch")).toBe(before);
    const [branch = ""] = git(
      clone,
      "branch",
      "--list",
      "sophia/secrets-from-esc-*",
      "--format=%(refname:short)",
    ).split("\n");
    const diff = git(clone, "diff", "main", branch);
    expect(diff).toContain("+          OPENROUTER_API_KEY: ${{ steps.esc-secrets.outputs.OPENROUTER_API_KEY }}");
    expect(diff).toContain("+          environment: acme/sophia/github-octo-shop\n");
    expect(diff).toContain("+          environment: acme/sophia/github-octo-shop-production\n");
    expect(diff).toContain('+          export-environment-variables: "DEPLOY_KEY"');
    expect(diff.match(/^\+.*id-token: write/gm)).toHaveLength(2);
    expect(diff).not.toMatch(/^-.*GITHUB_TOKEN/m);
    await migrate({ clone });
    expect(git(clone, "rev-list", "--count", `main..${branch}`).trim()).toBe("1");
  });

  it("deletes only on approval, only what nobody reads any more, and each is looked for afterwards", async () => {
    await toVerified();
    await migrate({ clone });
    const early = await migrate({ clone, delete: true });
    expect(early.stderr).toContain(
      "OPENROUTER_API_KEY (repository or organisation) stays: a workflow on the clone's present commit",
    );
    git(
      clone,
      "merge",
      "--quiet",
      "--ff-only",
      ...git(clone, "branch", "--list", "sophia/secrets-from-esc-*", "--format=%(refname:short)").trim().split("\n"),
    );
    simulator.state.own.set("H_PLAIN", "set again after the export");
    const proposal = await migrate({ clone, delete: true });
    expect(proposal.stdout).toContain("delete OPENROUTER_API_KEY");
    expect(proposal.stderr).toContain("H_PLAIN (repository or organisation) stays: it was set again after the export.");
    expect(proposal.stderr).toContain("SLACK_URL (repository or organisation) stays: it belongs to the organisation");
    expect(proposal.stderr).toContain("REGISTRY_PASSWORD (repository or organisation) stays: a workflow");
    expect(simulator.state.own.secrets.has("OPENROUTER_API_KEY")).toBe(true);
    await migrate({ clone, delete: true });
    expect(simulator.state.own.secrets.has("OPENROUTER_API_KEY")).toBe(true);
    await approve();
    const done = await migrate({ clone, delete: true });
    expect(done.stdout).toMatch(/\d+ secrets are deleted from GitHub/);
    expect([...simulator.state.own.secrets.keys()]).toEqual(["H_PLAIN", "REGISTRY_PASSWORD"]);
    expect(simulator.state.environments.get("production")?.secrets.size).toBe(0);
    expect(simulator.state.organisation.secrets.size).toBe(2);

    const back = await undo();
    expect(back.stdout).toContain("write OPENROUTER_API_KEY back to GitHub");
    expect(simulator.state.own.secrets.get("OPENROUTER_API_KEY")?.value).toBe(openrouterKey);
    expect(simulator.state.own.secrets.get("H_UNICODE")?.value).toBe(hostileSecrets["UNICODE"]);
    expect(simulator.state.environments.get("production")?.secrets.get("NPM_TOKEN")?.value).toBe(
      "canary-npm-production",
    );
  });

  it("goes on with a deletion that was cut off, under the same approval", async () => {
    await toVerified();
    await migrate({ clone });
    git(
      clone,
      "merge",
      "--quiet",
      "--ff-only",
      ...git(clone, "branch", "--list", "sophia/secrets-from-esc-*", "--format=%(refname:short)").trim().split("\n"),
    );
    await migrate({ clone, delete: true });
    await approve();
    simulator.fail(/DELETE .*H_QUOTES/, { status: 403 }, 1);
    await expect(migrate({ clone, delete: true })).rejects.toMatchObject({ kind: "denied" });
    expect(simulator.state.own.secrets.has("H_QUOTES")).toBe(true);
    const again = await migrate({ clone, delete: true });
    expect(again.stdout).toContain("secrets are deleted from GitHub");
    expect([...simulator.state.own.secrets.keys()]).toEqual(["REGISTRY_PASSWORD"]);
    expect(await readState()).toMatchObject({ phase: "deleted" });
  });
});

describe("migrating without a token", () => {
  it("goes by files: the workflow from the run's folder, the artifact as it was downloaded", async () => {
    await migrate({ environments: ["production"] }, {});
    const { id } = await readState();
    const artifacts = await runOnRunner(id);
    const files = Object.entries(artifacts).flatMap(([name, parts]) =>
      Object.entries(parts).map(([part, bytes]) => {
        mkdirSync(join(harness.folder, name), { recursive: true });
        writeFileSync(join(harness.folder, name, part), bytes);
        return join(harness.folder, name, part);
      }),
    );
    const half = await migrate({ results: files.slice(0, 1) }, {});
    expect(half.code).toBe(1);
    expect(half.stderr).toContain("Still missing: the result of environment production.");
    const whole = await migrate({ results: files }, {});
    expect(whole.stderr).toContain("secrets are in ESC");
    expect(await readState()).toMatchObject({ phase: "verified" });
    await expect(migrate({ clone, delete: true }, {})).rejects.toThrow(/needs a token of GitHub/);
  });

  it("shows everything beforehand and changes nothing with --dry-run", async () => {
    const { stdout } = await migrate({ clone, dryRun: true, environments: ["production"] }, {});
    expect(stdout).toContain("toJSON(secrets)");
    expect(stdout).toContain("uses of secrets in 2 files read from ESC.");
    expect(await readState()).toBeUndefined();
    expect(git(clone, "branch", "--format=%(refname:short)").trim()).toBe("main");
    const listed = await migrate({ clone, dryRun: true, json: true });
    const report = JSON.parse(listed.stdout) as { secrets: { scope: string; names: string[] }[] };
    expect(report.secrets.find(({ scope }) => scope === "environment production")?.names).toEqual([
      "DEPLOY_KEY",
      "NPM_TOKEN",
    ]);
  });
});

describe("undoing", () => {
  it("restores environments, branches and the plan, at any time before the deletion", async () => {
    const id = { project: "sophia", name: "ai-intelligence-production" };
    await harness.store.backend.create(id);
    await harness.store.backend.update(id, "values:\n  mine: 1\n  environmentVariables: {}\n");
    const before = await harness.store.backend.read(id);
    await migrate({ clone });
    await migrate({ dispatch: true, clone });
    git(
      clone,
      "merge",
      "--quiet",
      "--ff-only",
      ...git(clone, "branch", "--list", "sophia/secrets-from-esc-*", "--format=%(refname:short)").trim().split("\n"),
    );
    git(clone, "switch", "--quiet", "--detach");
    await migrate({ clone, delete: true });
    await approve();
    const { code, stderr } = await undo();
    expect(stderr).toContain("Everything is as it was");
    expect(code).toBe(0);
    expect((await harness.store.backend.read(id)).yaml).toBe(before.yaml);
    const names = (await harness.store.backend.list({ limit: 100 })).items.map(({ name }) => name);
    expect(names).toEqual(["ai-intelligence-production"]);
    expect(git(clone, "branch", "--list", "sophia/*")).toBe("");
    expect(simulator.calls.filter((call) => call.startsWith("DELETE"))).toEqual([]);
    await expect(undo()).rejects.toThrow(/no migration or import to undo/);
  });

  it("leaves alone what somebody has changed since, and says so", async () => {
    await toVerified();
    const id = { project: "sophia", name: "github-octo-shop" };
    const { yaml } = await harness.store.backend.read(id);
    await harness.store.backend.update(id, yaml.replace("values:", "values:\n  added: by hand"));
    const { code, stderr } = await undo();
    expect(code).toBe(1);
    expect(stderr).toContain("Left: sophia/github-octo-shop was changed since by tester");
    expect(await harness.read("sophia/github-octo-shop", "added")).toBe("by hand");
    expect(await harness.read("sophia/ai-intelligence-production", "environmentVariables.OPENROUTER_API_KEY")).toBe(
      openrouterKey,
    );
  });
});

describe("a crash", () => {
  it("at any write of the store: the same command goes on, and nothing is done twice", async () => {
    await migrate();
    for (let failAt = 1; failAt < 12; failAt++) {
      let count = 0;
      const { backend } = harness.store;
      const store = {
        ...harness.store,
        backend: {
          ...backend,
          async update(...args: Parameters<typeof backend.update>) {
            const result = await backend.update(...args);
            if (++count === failAt) throw new Error("killed");
            return result;
          },
        },
      };
      const thrown: unknown = await migrate({ store, dispatch: true }).catch((error: unknown) => error);
      if (!(thrown instanceof Error)) break;
    }
    expect(await readState()).toMatchObject({ phase: "verified" });
    const revisions = await harness.store.backend.revisions({ project: "sophia", name: "github-octo-shop" });
    expect(revisions.length).toBeLessThanOrEqual(3);
    expect(simulator.state.runs).toHaveLength(1);
    expect((await undo()).code).toBe(0);
    expect((await harness.store.backend.list({ limit: 100 })).items).toEqual([]);
  });
});

it("leaves no value in the clear: not in files, the clone, output, or any command line", async () => {
  await migrate({ clone });
  await migrate({ dispatch: true, clone });
  await migrate({ clone, delete: true });
  await approve();
  await migrate({ clone, delete: true });
  await undo();
  const secrets = [
    openrouterKey,
    token,
    "canary-npm-token-0001",
    "canary-registry-word",
    "canary-deploy-key-line",
    "canary-npm-production",
  ];
  const canaries = secrets.map((secret) => ({ variable: secret.slice(0, 14), value: secret, secret }));
  const files = new Map([...readAllFiles(harness.dataDir), ...readAllFiles(clone), ["said", said]]);
  expect(files.size).toBeGreaterThan(20);
  expect(findCanaries(canaries, files)).toEqual([]);
});
