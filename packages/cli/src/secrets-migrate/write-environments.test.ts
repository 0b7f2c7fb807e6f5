import { afterEach, beforeEach, expect, test } from "vitest";
import { openRunFolders } from "./run-folder.ts";
import { createMigrationHarness } from "./testing/migration-harness.ts";
import type { MigrationHarness } from "./testing/migration-harness.ts";
import { writeEnvironments } from "./write-environments.ts";

let harness: MigrationHarness;
beforeEach(() => void (harness = createMigrationHarness()));
afterEach(() => harness.close());

test("an environment that a crash left empty gets its first text all the same", async () => {
  const { store, dataDir } = harness;
  const id = { project: "sophia", name: "ai-intelligence-production" };
  const folder = await openRunFolders(dataDir, store.keyring).create({
    kind: "file",
    source: "/home/ada/.env",
    stage: "production",
    phase: "importing",
  });
  await folder.save({ environments: [{ id: "sophia/ai-intelligence-production", undone: false }] });
  await store.backend.create(id);
  await writeEnvironments(store, folder, [{ id, initial: "values: { first: 1 }\n", edits: [] }]);
  expect((await store.backend.read(id)).yaml).toContain("first: 1");
  expect(folder.state.environments).toEqual([
    { id: "sophia/ai-intelligence-production", revisionAfter: 2, undone: false },
  ]);
});
