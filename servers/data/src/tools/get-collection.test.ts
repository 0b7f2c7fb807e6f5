import { expect, test } from "vitest";
import { sampleReport } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { getCollection } from "./get-collection.ts";

const found = Array.from({ length: 5 }, (_, index) => ({
  documentId: `d${index}`,
  url: `https://example.com/${index}`,
  title: null,
  source: "pages",
  state: "new",
  foundAt: index,
}));
const asked: unknown[] = [];
const collections = {
  report: async () => sampleReport(),
  wait: async () => {},
  list: async () => [sampleReport()],
  documents: async (_id: string, page: { offset: number; limit: number; since?: number }) => {
    asked.push(page);
    return found.slice(page.offset, page.offset + page.limit);
  },
};
const run = async (input: object) =>
  getCollection.output.parse(await getCollection.run(getCollection.input.parse(input), toolContext({ collections })));

test("lists documents page by page beside how far it is", async () => {
  const first = await run({ collectionId: "c1", limit: 3 });
  const second = await run({ collectionId: "c1", limit: 3, cursor: first.nextCursor });
  expect(first.collection).toMatchObject({
    collectionId: "c1",
    done: 2,
    failures: [expect.stringMatching(/^1 of tavily unknown/)],
  });
  expect([...first.documents, ...second.documents].map(({ documentId }) => documentId)).toEqual(
    found.map(({ documentId }) => documentId),
  );
  expect(second).not.toHaveProperty("nextCursor");
  await run({ collectionId: "c1", since: "2026-11-27T08:00:00Z" });
  expect(asked.at(-1)).toMatchObject({ since: Date.UTC(2026, 10, 27, 8) });
});

test("without an id it lists the caller's collections", async () => {
  expect(await run({})).toMatchObject({ collections: [{ collectionId: "c1", costUsd: 0.008 }], documents: [] });
});
