import { expect, test } from "vitest";
import type { DocumentStore } from "../documents/document-store.ts";
import { sampleDocument, sampleId } from "../testing/sample-document.ts";
import { toolContext } from "../testing/tool-context.ts";
import { deleteDocument } from "./delete-document.ts";

function services(versions = [sampleDocument(), sampleDocument({ id: "x", version: 2 })], removed: string[] = []) {
  const documents: Pick<DocumentStore, "versions" | "remove"> = {
    versions: async () => versions,
    async remove(id) {
      removed.push(id);
      return versions.length;
    },
  };
  return { documents, storeMode: "local" as const };
}

const input = deleteDocument.input.parse({ documentId: sampleId });

test("the plan names every version, and nothing is deleted by it", async () => {
  const removed: string[] = [];
  const plan = await deleteDocument.plan(input, toolContext(services(undefined, removed)));
  expect(plan).toMatchObject({
    summary: "Delete the kept page https://example.com/a with 2 versions.",
    changes: [{ action: "delete" }, { action: "delete" }],
    risk: "medium",
    costPerHourUsd: 0,
  });
  expect(removed).toEqual([]);
});

test("a new version makes it another plan", async () => {
  const before = await deleteDocument.plan(input, toolContext(services([sampleDocument()])));
  const after = await deleteDocument.plan(input, toolContext(services()));
  expect(before.stateVersion).not.toBe(after.stateVersion);
});

test("apply deletes; an unknown document has no plan", async () => {
  const removed: string[] = [];
  const context = toolContext(services(undefined, removed));
  const plan = await deleteDocument.plan(input, context);
  expect(await deleteDocument.apply(input, plan, context)).toMatchObject({ deletedVersions: 2 });
  expect(removed).toEqual([sampleId]);
  await expect(deleteDocument.plan(input, toolContext(services([])))).rejects.toMatchObject({ kind: "not_found" });
});
