import type { Engine } from "@sophia/core/store/store";
import { type StoreEngine, startEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDocumentStore } from "../documents/document-store.ts";
import { dataMigrations } from "../documents/migrations.ts";
import type { DataTables } from "../documents/tables.ts";
import { sampleBody, samplePage } from "../testing/sample-page.ts";
import { fetchingMigrations } from "./migrations.ts";
import { createPageValidators } from "./page-validators.ts";

const url = "https://example.com/a";

describe.each<Engine>(["sqlite", "postgres"])("validators on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  test("are kept with the newest version only, follow its times, and go with its erasure", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    if (!engines) return;
    const migrations = [dataMigrations, fetchingMigrations];
    const store = await engines.open<DataTables>(await engines.createPlace(), migrations);
    const documents = createDocumentStore({ store, clock: createVirtualClock() });
    const validators = createPageValidators({ store, getDocument: (id) => documents.get(id) });
    const save = (text: string) => documents.save(samplePage(text), { url, finalUrl: url, source: "direct" });
    const page = { method: "density" as const, truncated: true };

    const first = await save("One.");
    await validators.keep({ ...sampleBody(url, "One."), etag: '"1"', robotsTag: "noai" }, page, first.id);
    expect(await validators.find(`${url}?utm_source=x#part`)).toMatchObject({
      etag: '"1"',
      lastModified: null,
      finalUrl: url,
      method: "density",
      truncated: true,
      document: { id: first.id },
    });
    expect(await validators.reservationsOf(first.id)).toEqual(["noai"]);
    await validators.touch(first.id, first.checkedAt + 5_000);
    expect((await documents.get(first.id))?.checked_at).toBe(first.checkedAt + 5_000);

    const second = await save("Two.");
    // The kept validator belongs to a text that is no longer the newest.
    expect(await validators.find(url)).toBeUndefined();
    await validators.keep({ ...sampleBody(url, "Two."), lastModified: "Fri, 20 Nov 2026" }, page, second.id);
    expect(await validators.find(url)).toMatchObject({ etag: null, document: { id: second.id } });
    await documents.remove(second.id);
    const left = store.db.withTables<{ data_page_validators: { url_key: string } }>();
    expect(await left.selectFrom("data_page_validators").select("url_key").execute()).toEqual([]);
  });
});
