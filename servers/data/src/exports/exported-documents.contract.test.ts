import type { Engine, Store } from "@sophia/core/store/store";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectionMigrations } from "../collections/migrations.ts";
import type { CollectionTables } from "../collections/tables.ts";
import { createDocumentStore } from "../documents/document-store.ts";
import { dataMigrations } from "../documents/migrations.ts";
import type { DataTables } from "../documents/tables.ts";
import { samplePage } from "../testing/sample-page.ts";
import type { ExportFilter } from "./document-exports.ts";
import { createExportedDocuments } from "./exported-documents.ts";

describe.each<Engine>(["sqlite", "postgres"])("documents to export on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  test("come once each over all pages, current versions only, by site, source and the caller's own collection", async ({
    skip,
  }) => {
    skip(!engines, `no ${engine} on this machine`);
    if (!engines) return;
    const place = await engines.createPlace();
    const store = await engines.open<CollectionTables>(place, [dataMigrations, collectionMigrations]);
    const documents = createDocumentStore({
      store: store as unknown as Store<DataTables>,
      clock: createVirtualClock(),
    });
    const save = async (url: string, text: string, source: string) =>
      (await documents.save(samplePage(text), { url, finalUrl: url, source })).id;
    for (let index = 0; index < 7; index += 1) await save(`https://a.example/${index}`, `text ${index}`, "direct");
    const long = "changed ".repeat(200);
    await save("https://a.example/0", long, "direct");
    const other = await save("https://b.example/", "text", "tavily");
    const row = {
      state: "done",
      budget_nano_usd: 0,
      estimate_nano_usd: 0,
      deadline_at: 0,
      job_id: null,
      run: 0,
    } as const;
    const collection = { id: "c1", caller: "ann", name: null, created_at: 0, finished_at: 0 };
    await store.db
      .insertInto("data_collections")
      .values({ ...row, ...collection })
      .execute();
    const member = { collection_id: "c1", document_id: other, task_id: "t", state: "new", found_at: 0 };
    await store.db.insertInto("data_collection_documents").values(member).execute();
    const exported = createExportedDocuments({ store });
    const read = async (filter: ExportFilter, caller = "ann"): Promise<string[]> => {
      const rows = await Array.fromAsync(exported.pages(filter, { caller, pageSize: 3 }));
      return rows.flat().map(({ markdown }) => markdown);
    };
    const all = await read({});
    expect(all).toHaveLength(8);
    expect(new Set(all).size).toBe(8);
    expect(all).toContain(long);
    expect(await read({ site: "b.example" })).toEqual(["text"]);
    expect(await read({ source: "tavily" })).toEqual(["text"]);
    expect(await read({ collectionId: "c1" })).toEqual(["text"]);
    expect(await read({ collectionId: "c1" }, "bob")).toEqual([]);
  });
});
