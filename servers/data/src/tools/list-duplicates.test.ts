import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { listDuplicates } from "./list-duplicates.ts";

const group = {
  groupId: "a",
  representative: "a",
  documents: ["a", "b"].map((id) => ({ documentId: id, url: `https://${id}.example/`, title: null, source: "direct" })),
  edges: [{ documentA: "a", documentB: "b", reason: "near_text" as const, score: 0.91234, decidedAt: 1 }],
};
const duplicates = {
  list: async ({ offset, limit }: { offset: number; limit: number }) => ({
    groups: Array.from({ length: Math.min(limit, 3 - offset) }, () => group),
    total: 3,
  }),
  find: async () => group,
};
const run = async (input: object) =>
  listDuplicates.output.parse(
    await listDuplicates.run(
      listDuplicates.input.parse(input),
      toolContext({ duplicates, storeMode: "local" as const }),
    ),
  );

test("groups come page by page with their reasons", async () => {
  const first = await run({ limit: 2 });
  expect(first).toMatchObject({
    total: 3,
    groups: [{ members: 2, reasons: [{ documents: ["a", "b"], reason: "near_text", score: 0.912 }] }, {}],
  });
  const second = await run({ limit: 2, cursor: first.nextCursor });
  expect(second.groups).toHaveLength(1);
  expect(second).not.toHaveProperty("nextCursor");
  expect(await run({ documentId: "b" })).toMatchObject({ total: 1, groups: [{ groupId: "a" }] });
});
