import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import type { Embedder } from "@sophia/core/embed/embedder";
import { startEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, onTestFinished, test } from "vitest";
import { createDocumentStore } from "../documents/document-store.ts";
import { dataMigrations } from "../documents/migrations.ts";
import { createPassageVectors } from "../documents/passage-vectors.ts";
import type { DataTables } from "../documents/tables.ts";
import { redactionVersion } from "./redact-pii.ts";
import { samplePage } from "../testing/sample-page.ts";

test("no particular of a person reaches the embedding model, from a page or from a query; the stored text keeps them", async () => {
  const engine = await startEngine("sqlite");
  if (!engine) throw new Error("SQLite is part of Node.");
  onTestFinished(() => engine.stop());
  const store = await engine.open<DataTables>(await engine.createPlace(), [dataMigrations]);
  const seen: string[] = [];
  const lexical = createLexicalEmbedder();
  const embedder: Embedder = {
    ...lexical,
    embed: (texts, options) => {
      seen.push(...texts);
      return lexical.embed(texts, options);
    },
  };
  const { signal } = new AbortController();
  const vectors = createPassageVectors({ store, embedder, createGraph: undefined });
  const documents = createDocumentStore({ store, clock: createVirtualClock() });
  const text = "Ask jo@example.com or call +44 20 7946 0958 about the bridge.";
  const url = "https://example.com/contact";
  const page = samplePage(text, { title: "Profile of ann@example.com" });
  const saved = await documents.save(page, { url, finalUrl: url, source: "direct" });
  expect(await vectors.embedMissing(10, { signal })).toBe(1);
  await vectors.search("who is jo@example.com", 5, { signal });
  expect(seen).toEqual(["Profile of [email 1]\nAsk [email 2] or call [phone 1] about the bridge.", "who is [email 1]"]);
  expect((await documents.get(saved.id))?.markdown).toBe(text);
  // A vector from before texts were redacted still holds them: it is found missing and made anew.
  const { modelId } = lexical.status();
  await store.db.updateTable("data_vectors").set({ model_id: modelId }).execute();
  expect(await vectors.countPending()).toBe(1);
  expect(await vectors.embedMissing(10, { signal })).toBe(1);
  expect(await store.db.selectFrom("data_vectors").select("model_id").execute()).toEqual([
    { model_id: `${modelId}+redacted.${redactionVersion}` },
  ]);
});
