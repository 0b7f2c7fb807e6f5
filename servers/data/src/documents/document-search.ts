import type { Store } from "@sophia/core/store/store";
import { sql } from "kysely";
import type { Logger } from "pino";
import { fuseRankings } from "../domain/fuse-rankings.ts";
import { makeSnippet } from "../domain/make-snippet.ts";
import { toQueryWords } from "../domain/search-words.ts";
import { filterCondition, type DocumentFacts, type DocumentFilter } from "./document-store.ts";
import type { PassageVectors } from "./passage-vectors.ts";
import type { DataTables } from "./tables.ts";

export interface SearchHit {
  document: DocumentFacts;
  /** 1 = first by words and by meaning. */
  score: number;
  matchedBy: ("words" | "meaning")[];
  snippet: string;
}

export interface SearchAnswer {
  /** Best first, at most 200. */
  hits: SearchHit[];
  total: number;
  /** Documents that only words can find yet. */
  notEmbedded: number;
  /** Why meaning took no (full) part, in our words. */
  note: string | undefined;
}

export interface DocumentSearch {
  search(
    query: string,
    filter: DocumentFilter,
    options: { offset: number; limit: number; signal: AbortSignal },
  ): Promise<SearchAnswer>;
}

/** Passages taken from each ranking; several may belong to one document. */
const passagesPerRanking = 200;
/** Every text is a little near to every other. What is less near than this share of the best is no match. */
const leastShareOfBest = 0.55;
const leastScore = 0.25;
const meaningTimeoutMs = 10_000;

export function createDocumentSearch(options: {
  store: Store<DataTables>;
  vectors: PassageVectors;
  log: Logger;
}): DocumentSearch {
  const { store, vectors, log } = options;

  async function rankByMeaning(query: string, filter: DocumentFilter, signal: AbortSignal): Promise<number[]> {
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    const allowed = isFiltered ? await findAllowed(store, filter) : undefined;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(meaningTimeoutMs)]);
    const near = await vectors.search(query, passagesPerRanking, {
      signal: limited,
      ...(allowed ? { allowed } : {}),
    });
    const best = near[0]?.score ?? 0;
    return near.filter(({ score }) => score >= Math.max(leastScore, best * leastShareOfBest)).map(({ id }) => id);
  }

  return {
    async search(query, filter, { offset, limit, signal }) {
      const words = toQueryWords(query);
      let note: string | undefined;
      const [byWords, byMeaning, notEmbedded] = await Promise.all([
        rankByWords(store, words, filter),
        rankByMeaning(query, filter, signal).catch((error: unknown) => {
          // Half an answer, said to be half, serves better than none.
          signal.throwIfAborted();
          log.warn({ err: error }, "Search by meaning failed; words alone answer.");
          note = "Meaning could not be used this time: these results are by words only.";
          return [] as number[];
        }),
        vectors.countPending(),
      ]);
      signal.throwIfAborted();
      const passages = await readPassages(store, [...byWords, ...byMeaning]);
      const rankings = {
        words: toDocuments(byWords, passages),
        meaning: toDocuments(byMeaning, passages),
      };
      const fused = fuseRankings([
        // First, because it wins ties: the best by words may hold only one word of the query.
        { keys: [...rankings.meaning.keys()], weight: 1 },
        { keys: [...rankings.words.keys()], weight: 1 },
      ]);
      const page = fused.slice(offset, offset + limit);
      const facts = await readFacts(
        store,
        page.map(({ key }) => key),
      );
      const hits = page.flatMap(({ key, score }): SearchHit[] => {
        const document = facts.get(key);
        const matchedBy = (["words", "meaning"] as const).filter((way) => rankings[way].has(key));
        const passages = matchedBy.flatMap((way) => rankings[way].get(key) ?? []);
        return document ? [{ document, score, matchedBy, snippet: makeSnippet(passages, words) }] : [];
      });
      return { hits, total: fused.length, notEmbedded, note: note ?? vectors.status().degraded };
    },
  };
}

async function rankByWords(store: Store<DataTables>, words: string[], filter: DocumentFilter): Promise<number[]> {
  if (words.length === 0) return [];
  const query = store.db
    .selectFrom("data_chunk_words as w")
    .innerJoin("data_chunks as c", "c.id", "w.rowid")
    .innerJoin("data_documents as d", "d.id", "c.document_id")
    .select("c.id")
    .where(filterCondition(filter))
    .limit(passagesPerRanking);
  if (store.engine === "sqlite") {
    const match = words.map((word) => `"${word}"`).join(" OR ");
    const rows = await query
      .where(sql<boolean>`w.data_chunk_words match ${match}`)
      .orderBy(sql`bm25(data_chunk_words, 4.0, 1.0)`)
      .execute();
    return rows.map(({ id }) => id);
  }
  const match = sql`to_tsquery('english', ${words.map((word) => `'${word}'`).join(" | ")})`;
  // 1: divided by the length of the passage. PostgreSQL has no BM25; two words of a query must beat one said twice.
  const rows = await query
    .where(sql<boolean>`w.words @@ ${match}`)
    .orderBy(sql`ts_rank(w.words, ${match}, 1)`, "desc")
    .execute();
  return rows.map(({ id }) => id);
}

async function findAllowed(store: Store<DataTables>, filter: DocumentFilter): Promise<Set<number>> {
  const rows = await store.db
    .selectFrom("data_chunks as c")
    .innerJoin("data_documents as d", "d.id", "c.document_id")
    .select("c.id")
    .where(filterCondition(filter))
    .limit(100_000)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

type Passages = Map<number, { documentId: string; text: string }>;

async function readPassages(store: Store<DataTables>, ids: number[]): Promise<Passages> {
  if (ids.length === 0) return new Map();
  const rows = await store.db
    .selectFrom("data_chunks as c")
    .innerJoin("data_documents as d", "d.id", "c.document_id")
    .select(["c.id", "c.document_id", "c.text"])
    .where("c.id", "in", [...new Set(ids)])
    .where("d.is_current", "=", 1)
    .execute();
  return new Map(rows.map((row) => [row.id, { documentId: row.document_id, text: row.text }]));
}

/** Ranked passages → ranked documents, each with its passages in that order. A passage that is gone by now is left out. */
function toDocuments(ranking: number[], passages: Passages): Map<string, string[]> {
  const documents = new Map<string, string[]>();
  for (const id of ranking) {
    const passage = passages.get(id);
    if (!passage) continue;
    const known = documents.get(passage.documentId);
    if (known) known.push(passage.text);
    else documents.set(passage.documentId, [passage.text]);
  }
  return documents;
}

async function readFacts(store: Store<DataTables>, ids: string[]): Promise<Map<string, DocumentFacts>> {
  if (ids.length === 0) return new Map();
  const rows = await store.db
    .selectFrom("data_documents as d")
    .select([
      "d.id",
      "d.version",
      "d.is_current",
      "d.url",
      "d.final_url",
      "d.canonical_url",
      "d.site",
      "d.title",
      "d.author",
      "d.published_at",
      "d.fetched_at",
      "d.checked_at",
      "d.language",
      "d.kind",
      "d.text_length",
      "d.excerpt",
      "d.source",
    ])
    .where("d.id", "in", ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}
