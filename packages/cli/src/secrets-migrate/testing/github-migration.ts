import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createTokens } from "@sophia/core/approval/tokens";
import { systemClock } from "@sophia/core/limits/clock";
import { startGithubSecretsSimulator } from "@sophia/simulators/github-secrets/simulator";
import type { GithubSecretsSimulator } from "@sophia/simulators/github-secrets/simulator";
import { runDecide } from "../../commands/plans.ts";
import { withStore } from "../../with-store.ts";
import { runMigrateGithub } from "../migrate-github.ts";
import type { MigrateGithubOptions } from "../migrate-github.ts";
import { runMigrateList } from "../migrate-list.ts";
import { runMigrateUndo } from "../migrate-undo.ts";
import type { MigrationStore } from "../migration-store.ts";
import { hostileSecrets } from "./hostile-secrets.ts";
import { createMigrationHarness } from "./migration-harness.ts";
import type { MigrationHarness } from "./migration-harness.ts";
import { runExportJob } from "./run-export-job.ts";
import { createSampleClone, git } from "./sample-clone.ts";

export const githubToken = "ghp_canary0123456789abcdef0123456789abcdef";
export const openrouterKey = `sk-or-v1-${"a1".repeat(32)}`;
const approverToken = "approver-0123456789abcdef0123456789abcdef";
const repository = "octo/shop";

export interface MigrationAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A repository on a simulated GitHub whose runners run the workflow's own script, a clone of it, and a store. */
export interface GithubMigration {
  harness: MigrationHarness;
  simulator: GithubSecretsSimulator;
  clone: string;
  migrate(change?: Partial<MigrateGithubOptions>, environment?: Record<string, string>): Promise<MigrationAnswer>;
  undo(store?: MigrationStore): Promise<MigrationAnswer>;
  /** As the approver, the one plan that waits. */
  approve(): Promise<void>;
  state(): Promise<{ id: string; phase: string; secrets: number; verified: number; deleted: number }>;
  /** Up to the point where every value is in the store. */
  toVerified(): Promise<void>;
  /** As if the pull request had been merged and pulled. */
  mergeRewrite(): void;
  runOnRunner(run: string): Promise<Record<string, Record<string, Buffer>>>;
  /** Every output of commands so far, and what `ps` showed while the runners ran. */
  said(): string;
  close(): Promise<void>;
}

export async function createGithubMigration(): Promise<GithubMigration> {
  const harness = createMigrationHarness();
  let said = "";
  let isPast = true;
  const past = new Date(Date.now() - 3_600_000);
  const clone = createSampleClone(mkdtempSync(join(harness.folder, "clone-")));
  const simulator = await startGithubSecretsSimulator({
    token: githubToken,
    repository,
    environments: ["production"],
    head: () => git(clone, "rev-parse", "main").trim(),
    now: () => (isPast ? past : new Date()),
    runWorkflow: ({ inputs }) => runOnRunner(inputs["run"] ?? ""),
  });
  fillVaults(simulator);
  isPast = false;
  const withToken = { GITHUB_TOKEN: githubToken, GITHUB_API_URL: simulator.url };

  /** Each job sees its own secrets, runs the very script of the workflow, and uploads a folder. */
  async function runOnRunner(run: string): Promise<Record<string, Record<string, Buffer>>> {
    const workflow = readFileSync(
      join(harness.dataDir, "secrets", "migrations", run, "sophia-secrets-export.yml"),
      "utf8",
    );
    const { own, organisation, environments } = simulator.state;
    const base = { ...values(organisation.secrets), ...values(own.secrets), github_token: "ghs_job" };
    const jobs = {
      base,
      "environment-1": { ...base, ...values(environments.get("production")?.secrets ?? new Map()) },
    };
    const artifacts: Record<string, Record<string, Buffer>> = {};
    for (const [job, secrets] of Object.entries(jobs)) {
      const temp = mkdtempSync(join(harness.folder, "runner-"));
      said += (await runExportJob({ workflow, job, secrets, temp })).commandLines.join("\n");
      const folder = join(temp, `sophia-${run}-${job}`);
      const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const);
      artifacts[`sophia-${run}-${job}`] = Object.fromEntries(files);
    }
    return artifacts;
  }

  async function run(
    environment: Record<string, string>,
    work: (context: ReturnType<MigrationHarness["context"]>["context"]) => Promise<number>,
  ): Promise<MigrationAnswer> {
    const command = harness.context(environment);
    try {
      return { code: await work(command.context), stdout: command.stdout(), stderr: command.stderr() };
    } finally {
      said += command.stdout() + command.stderr();
    }
  }

  const migrate: GithubMigration["migrate"] = async (change = {}, environment = withToken) =>
    await run(environment, (context) => runMigrateGithub(context, { ...defaults(harness.store), ...change }));
  return {
    harness,
    simulator,
    clone,
    migrate,
    undo: async (store = harness.store) =>
      await run(withToken, (context) => runMigrateUndo(context, { store, run: undefined, dryRun: false, json: false })),
    async approve() {
      await run({ SOPHIA_APPROVER_TOKEN: approverToken }, async (context) => {
        const id = await withStore(context.config, context.log, async (store) => {
          const boss = { name: "boss", server: "*", scopes: ["read", "approve"] } as const;
          await createTokens({ store, clock: systemClock }).adopt(approverToken, boss);
          return await store.db
            .selectFrom("plans")
            .select("id")
            .where("state", "=", "proposed")
            .executeTakeFirstOrThrow();
        });
        return await runDecide(context, {
          ...id,
          decision: "approve",
          reason: undefined,
          tokenFile: undefined,
          json: false,
        });
      });
    },
    async state() {
      const { stdout } = await run({}, (context) => runMigrateList(context, { store: harness.store, json: true }));
      const { runs } = JSON.parse(stdout) as { runs: Awaited<ReturnType<GithubMigration["state"]>>[] };
      return runs[0] as Awaited<ReturnType<GithubMigration["state"]>>;
    },
    async toVerified() {
      await migrate();
      await migrate({ dispatch: true });
    },
    mergeRewrite() {
      const branch = git(clone, "branch", "--list", "sophia/secrets-from-esc-*", "--format=%(refname:short)").trim();
      git(clone, "merge", "--quiet", "--ff-only", branch);
    },
    runOnRunner,
    said: () => said,
    async close() {
      await simulator.close();
      harness.close();
    },
  };
}

function fillVaults({ state }: GithubSecretsSimulator): void {
  const { own, organisation, environments } = state;
  for (const name of ["PLAIN", "QUOTES", "UNICODE"]) own.set(`H_${name}`, hostileSecrets[name] ?? "");
  own.set("OPENROUTER_API_KEY", openrouterKey);
  own.set("NPM_TOKEN", "canary-npm-token-0001");
  own.set("REGISTRY_PASSWORD", "canary-registry-word");
  organisation.set("SLACK_URL", "https://hooks.example/canary-slack-0001");
  organisation.set("NPM_TOKEN", "canary-npm-of-organisation");
  environments.get("production")?.set("DEPLOY_KEY", "-----BEGIN KEY-----\ncanary-deploy-key-line\n-----END KEY-----\n");
  environments.get("production")?.set("NPM_TOKEN", "canary-npm-production");
}

function defaults(store: MigrationStore): MigrateGithubOptions {
  return {
    store,
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
  };
}

function values(secrets: ReadonlyMap<string, { value: string }>): Record<string, string> {
  return Object.fromEntries([...secrets].map(([name, { value }]) => [name, value]));
}
