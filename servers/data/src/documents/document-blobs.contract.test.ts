import type { Engine, Store } from "@sophia/core/store/store";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { samplePage } from "../testing/sample-page.ts";
import { createDocumentStore } from "./document-store.ts";
import { dataMigrations } from "./migrations.ts";
import type { DataTables } from "./tables.ts";

const long = (word: string): string => `Text of ${word}. `.repeat(60);
const texts = ["short", long("bridges"), long("ferries"), long("tunnels")];
const originals = [undefined, "<p>one</p>", `<main>${long("pages")}</main>`];

interface Step {
  page: number;
  text: number;
  original: number;
  removes: boolean;
}

describe.each<Engine>(["sqlite", "postgres"])("blobs of documents on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterEach(() => engines?.closeStores());
  afterAll(() => engines?.stop());

  async function open() {
    if (!engines) throw new Error("no store");
    const store = await engines.open<DataTables>(await engines.createPlace(), [dataMigrations]);
    const documents = createDocumentStore({ store, clock: createVirtualClock() });
    const save = (step: Omit<Step, "removes">) => {
      const url = `https://example.com/${step.page}`;
      const original = originals[step.original];
      const kept = original === undefined ? {} : { original: Buffer.from(original) };
      const page = samplePage(texts[step.text] ?? "");
      return documents.save(page, { url, finalUrl: url, source: "direct", ...kept });
    };
    return { store, documents, save };
  }

  test("content is kept once for all who have it, and comes back as it was", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { store, documents, save } = await open();
    const [a, b] = [await save({ page: 1, text: 1, original: 2 }), await save({ page: 2, text: 1, original: 0 })];
    const blobs = await store.db.selectFrom("data_blobs").select(["uses", "codec", "raw_length"]).execute();
    expect(blobs.map(({ uses }) => uses).toSorted((one, other) => one - other)).toEqual([1, 2]);
    expect(blobs.map(({ codec }) => codec)).toEqual(["zstd", "zstd"]);
    expect((await documents.get(b.id))?.markdown).toBe(texts[1]);
    expect((await documents.original(a.id))?.toString()).toBe(originals[2]);
    expect(await documents.original(b.id)).toBeUndefined();
  });

  test("a row from before there were blobs is read, and moved when its page is read again", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { store, documents, save } = await open();
    const { id } = await save({ page: 1, text: 1, original: 0 });
    await store.db
      .updateTable("data_documents")
      .set({ markdown: long("bridges"), text_blob: null })
      .execute();
    await store.db.deleteFrom("data_blobs").execute();
    expect((await documents.get(id))?.markdown).toBe(texts[1]);
    expect(await save({ page: 1, text: 1, original: 0 })).toMatchObject({ id, state: "unchanged" });
    const row = await store.db.selectFrom("data_documents").selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ markdown: "", text_blob: expect.any(Number) });
    expect((await documents.get(id))?.markdown).toBe(texts[1]);
  });

  test("damaged content is said to be damaged", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { store, documents, save } = await open();
    const { id } = await save({ page: 1, text: 1, original: 0 });
    await store.db
      .updateTable("data_blobs")
      .set({ bytes: new Uint8Array([1, 2, 3]) })
      .execute();
    await expect(documents.get(id)).rejects.toMatchObject({ kind: "internal" });
  });

  test("whatever is saved and removed, each blob has as many uses as rows point at it, and none is left over", async ({
    skip,
  }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { store, documents, save } = await open();
    const step = fc.record<Step>({
      page: fc.nat(2),
      text: fc.nat(texts.length - 1),
      original: fc.nat(originals.length - 1),
      removes: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const { removes, ...content } of steps) {
          const { id } = await save(content);
          if (removes) await documents.remove(id);
        }
        await expectUsesRight(store);
        for (const { id } of await documents.list({}, 100)) await documents.remove(id);
        expect(await store.db.selectFrom("data_blobs").select("id").execute()).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  test("many who save and remove the same content at once leave no use too many", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { store, documents, save } = await open();
    const saveAndRemove = async (page: number): Promise<void> => {
      const { id } = await save({ page, text: 1, original: 2 });
      if (page % 2 === 0) await documents.remove(id);
    };
    await Promise.all(Array.from({ length: 6 }, (_, page) => saveAndRemove(page)));
    await expectUsesRight(store);
  });
});

async function expectUsesRight(store: Store<DataTables>): Promise<void> {
  const rows = await store.db.selectFrom("data_documents").select(["text_blob", "original_blob"]).execute();
  const counts = new Map<number, number>();
  for (const blob of rows.flatMap((row) => [row.text_blob, row.original_blob])) {
    if (blob !== null) counts.set(blob, (counts.get(blob) ?? 0) + 1);
  }
  const blobs = await store.db.selectFrom("data_blobs").select(["id", "uses"]).execute();
  expect(new Map(blobs.map(({ id, uses }) => [id, uses]))).toEqual(counts);
}
