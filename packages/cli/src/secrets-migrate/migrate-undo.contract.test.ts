import type { EscValue } from "@sophia/core/secrets/esc/value";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCanaries, readAllFiles } from "../end-to-end/canaries.ts";
import { createGithubMigration, githubToken, openrouterKey } from "./testing/github-migration.ts";
import type { GithubMigration } from "./testing/github-migration.ts";
import { git } from "./testing/sample-clone.ts";

let github: GithubMigration;
beforeEach(async () => void (github = await createGithubMigration()));
afterEach(async () => await github.close());

describe("undoing", () => {
  it("restores environments, branches and the plan, at any time before the deletion", async () => {
    const id = { project: "sophia", name: "ai-intelligence-production" };
    await github.harness.store.backend.create(id);
    await github.harness.store.backend.update(id, "values:\n  mine: 1\n  environmentVariables: {}\n");
    const before = await github.harness.store.backend.read(id);
    await github.migrate({ clone: github.clone });
    await github.migrate({ dispatch: true, clone: github.clone });
    github.mergeRewrite();
    git(github.clone, "switch", "--quiet", "--detach");
    await github.migrate({ clone: github.clone, delete: true });
    await github.approve();
    const { code, stderr } = await github.undo();
    expect(stderr).toContain("Everything is as it was");
    expect(code).toBe(0);
    expect((await github.harness.store.backend.read(id)).yaml).toBe(before.yaml);
    const names = (await github.harness.store.backend.list({ limit: 100 })).items.map(({ name }) => name);
    expect(names).toEqual(["ai-intelligence-production"]);
    expect(git(github.clone, "branch", "--list", "sophia/*")).toBe("");
    expect(github.simulator.calls.filter((call) => call.startsWith("DELETE"))).toEqual([]);
    await expect(github.undo()).rejects.toThrow(/no migration or import to undo/);
  });

  it("leaves alone what somebody has changed since, and says so", async () => {
    await github.toVerified();
    const id = { project: "sophia", name: "github-octo-shop" };
    const { yaml } = await github.harness.store.backend.read(id);
    await github.harness.store.backend.update(id, yaml.replace("values:", "values:\n  added: by hand"));
    const { code, stderr } = await github.undo();
    expect(code).toBe(1);
    expect(stderr).toContain("Left: sophia/github-octo-shop was changed since by tester");
    expect(await github.harness.read("sophia/github-octo-shop", "added")).toBe("by hand");
    expect(
      await github.harness.read("sophia/ai-intelligence-production", "environmentVariables.OPENROUTER_API_KEY"),
    ).toBe(openrouterKey);
  });
});

describe("a crash", () => {
  it("at any write of the store: the same command goes on, and nothing is done twice", async () => {
    await github.migrate();
    for (let failAt = 1; failAt < 12; failAt++) {
      let count = 0;
      const { backend } = github.harness.store;
      const store = {
        ...github.harness.store,
        backend: {
          ...backend,
          async update(...args: Parameters<typeof backend.update>) {
            const result = await backend.update(...args);
            if (++count === failAt) throw new Error("killed");
            return result;
          },
        },
      };
      const thrown: unknown = await github.migrate({ store, dispatch: true }).catch((error: unknown) => error);
      if (!(thrown instanceof Error)) break;
    }
    expect(await github.state()).toMatchObject({ phase: "verified" });
    const revisions = await github.harness.store.backend.revisions({ project: "sophia", name: "github-octo-shop" });
    expect(revisions.length).toBeLessThanOrEqual(3);
    expect(github.simulator.state.runs).toHaveLength(1);
    expect((await github.undo()).code).toBe(0);
    expect((await github.harness.store.backend.list({ limit: 100 })).items).toEqual([]);
  });
});

describe("verification", () => {
  it("finds a value that does not come back as the runner had it, and nothing can be deleted then", async () => {
    const { store } = github.harness;
    const spoilt = {
      ...store,
      backend: {
        ...store.backend,
        async open(...args: Parameters<typeof store.backend.open>) {
          const opened = await store.backend.open(...args);
          const variables = opened.environment?.properties.get("environmentVariables")?.value;
          if (variables instanceof Map) {
            const map = variables as Map<string, EscValue>;
            const npm = map.get("NPM_TOKEN");
            if (npm !== undefined) map.set("NPM_TOKEN", { ...npm, value: "one letter is another" });
          }
          return opened;
        },
      },
    };
    await github.migrate();
    const failure: unknown = await github.migrate({ store: spoilt, dispatch: true }).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ kind: "internal", message: expect.stringContaining("NPM_TOKEN") });
    expect(String(failure)).not.toContain("canary-npm");
    expect(await github.state()).toMatchObject({ phase: "importing" });
    await github.migrate();
    expect(await github.state()).toMatchObject({ phase: "verified" });
  });
});

it("leaves no value in the clear: not in files, the clone, output, or any command line", async () => {
  await github.migrate({ clone: github.clone });
  await github.migrate({ dispatch: true, clone: github.clone });
  await github.migrate({ clone: github.clone, delete: true });
  await github.approve();
  await github.migrate({ clone: github.clone, delete: true });
  await github.undo();
  const secrets = [
    openrouterKey,
    githubToken,
    "canary-npm-token-0001",
    "canary-registry-word",
    "canary-deploy-key-line",
    "canary-npm-production",
  ];
  const canaries = secrets.map((secret) => ({ variable: secret.slice(0, 14), value: secret, secret }));
  const files = new Map([
    ...readAllFiles(github.harness.dataDir),
    ...readAllFiles(github.clone),
    ["said", github.said()],
  ]);
  expect(files.size).toBeGreaterThan(20);
  expect(findCanaries(canaries, files)).toEqual([]);
});
