import { expect, it } from "vitest";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { startCloud } from "../../../vendors/src/pulumi-esc/testing/start-cloud.ts";
import { readText } from "./compare-store.ts";
import { createGithubMigration, openrouterKey } from "./testing/github-migration.ts";
import { hostileSecrets } from "./testing/hostile-secrets.ts";

it("migrates into Pulumi Cloud and back out, under another project, by its own API", async () => {
  const cloud = await startCloud();
  const github = await createGithubMigration();
  try {
    const store = {
      ...github.harness.store,
      backend: cloud.backend,
      locate: ({ name }: { name: string }) => ({ project: "company", name }),
    };
    await github.migrate({ store });
    const { stderr } = await github.migrate({ store, dispatch: true });
    expect(stderr).toContain("each was compared with the fingerprint");
    const names = (await cloud.backend.list()).items.map((id) => formatEnvironmentId(id));
    expect(names).toContain("company/github-octo-shop");
    expect(names.every((name) => name.startsWith("company/"))).toBe(true);
    const { environment } = await cloud.backend.open({ project: "company", name: "github-octo-shop" });
    expect(readText(environment, ["environmentVariables", "OPENROUTER_API_KEY"])).toBe(openrouterKey);
    expect(readText(environment, ["environmentVariables", "H_UNICODE"])).toBe(hostileSecrets["UNICODE"]);
    const rewritten = await github.migrate({ store, clone: github.clone, organisation: undefined });
    expect(rewritten.stderr).not.toContain("on this machine only");
    expect((await github.undo(store)).code).toBe(0);
    expect((await cloud.backend.list()).items).toEqual([]);
  } finally {
    await github.close();
    await cloud.close();
  }
});
