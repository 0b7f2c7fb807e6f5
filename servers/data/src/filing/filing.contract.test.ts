import { hash } from "node:crypto";
import type { Engine, Store } from "@sophia/core/store/store";
import { silentLog as log, startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createDocumentStore } from "../documents/document-store.ts";
import { dataMigrations } from "../documents/migrations.ts";
import type { DataTables } from "../documents/tables.ts";
import { samplePage } from "../testing/sample-page.ts";
import { createDuplicates } from "./duplicates.ts";
import { createFiledDocuments } from "./filed-documents.ts";
import { createFiler } from "./filer.ts";
import type { FilingTables } from "./filing-tables.ts";
import { filingMigrations } from "./migrations.ts";

const signal = new AbortController().signal;
/** Words that no other seed has in the same order. */
const words = (seed: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `w${hash("md5", `${seed} ${index}`).slice(0, 5)}`).join(" ");

describe.each<Engine>(["sqlite", "postgres"])("duplicates on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterEach(() => engines?.closeStores());
  afterAll(() => engines?.stop());

  async function open() {
    if (!engines) throw new Error("no store");
    const migrations = [dataMigrations, filingMigrations];
    const store = await engines.open<FilingTables>(await engines.createPlace(), migrations);
    const clock = createVirtualClock();
    const plain = createDocumentStore({ store: store as unknown as Store<DataTables>, clock });
    const filer = createFiler({ store, clock });
    const documents = createFiledDocuments(plain, { filer, log });
    const save = async (url: string, text: string, kept = documents): Promise<string> =>
      (await kept.save(samplePage(text), { url, finalUrl: url, source: "direct" })).id;
    return { store, plain, filer, documents, save, duplicates: createDuplicates({ store, clock }) };
  }

  test("copies are grouped with their reasons, and what differs stays apart", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { save, duplicates } = await open();
    const text = words(1, 400);
    const first = await save("https://one.example/story", text);
    const same = await save("https://two.example/copy", `${text.toUpperCase()}.`);
    const near = await save("https://three.example/print", `${text} ${words(50, 12)}`);
    const other = await save("https://four.example/else", words(2, 400));
    const { groups, total } = await duplicates.list({ offset: 0, limit: 10 });
    expect(total).toBe(1);
    expect(groups[0]?.documents.map(({ documentId }) => documentId).toSorted()).toEqual([first, same, near].toSorted());
    expect(new Set(groups[0]?.edges.map(({ reason }) => reason))).toEqual(new Set(["same_text", "near_text"]));
    const found = await duplicates.groupsOf([first, other]);
    expect(found.get(first)).toMatchObject({ others: 2 });
    expect(found.has(other)).toBe(false);
  });

  test("a split holds against every new copy, and can be taken back", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { save, duplicates } = await open();
    const text = words(3, 300);
    const [a, b] = [await save("https://one.example/a", text), await save("https://two.example/b", text)];
    await duplicates.split(b, "ann");
    await expect(duplicates.find(b)).rejects.toMatchObject({ kind: "not_found" });
    const c = await save("https://three.example/c", text);
    const group = await duplicates.find(c);
    expect(group.documents).toHaveLength(2);
    expect(
      group.documents.some(({ documentId }) => documentId === a) &&
        group.documents.some(({ documentId }) => documentId === b),
    ).toBe(false);
    const changed = await save("https://two.example/b", `${text} and one line more`);
    await expect(duplicates.find(changed)).rejects.toMatchObject({ kind: "not_found" });
    await duplicates.rejoin(changed);
    expect((await duplicates.find(a)).documents).toHaveLength(3);
  });

  test("what is removed or changed leaves its group, and what a crash left unfiled is filed later", async ({
    skip,
  }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { save, duplicates, documents, filer, plain, store } = await open();
    const text = words(4, 300);
    const a = await save("https://one.example/a", text, plain);
    const b = await save("https://two.example/b", text, plain);
    expect(await filer.fileMissing(10, signal)).toBe(2);
    expect(await filer.fileMissing(10, signal)).toBe(0);
    expect((await duplicates.find(a)).documents).toHaveLength(2);
    await save("https://two.example/b", words(5, 300));
    await expect(duplicates.find(a)).rejects.toMatchObject({ kind: "not_found" });
    await documents.remove(b);
    await documents.remove(a);
    for (const table of ["data_document_keys", "data_document_bands", "data_duplicate_edges"] as const) {
      expect(await store.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
    }
  });

  test("two that are saved at once find each other", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const { save, duplicates } = await open();
    const text = words(6, 300);
    await Promise.all(Array.from({ length: 6 }, (_, index) => save(`https://s${index}.example/x`, text)));
    const { groups } = await duplicates.list({ offset: 0, limit: 10 });
    expect(groups.map((group) => group.documents.length)).toEqual([6]);
  });
});
