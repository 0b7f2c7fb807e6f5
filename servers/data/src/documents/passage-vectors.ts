import type { Embedder } from "@sophia/core/embed/embedder";
import type { Store } from "@sophia/core/store/store";
import { redactionVersion, redactPii } from "../pii/redact-pii.ts";
import type { DataTables } from "./tables.ts";
import { createVectorIndex, type GraphFactory, type Neighbour, type VectorIndex } from "./vector-index.ts";

export interface PassageVectors {
  /** Passages nearest in meaning to the query, best first. `allowed` limits the answer to these passages. */
  search(
    query: string,
    count: number,
    options: { signal: AbortSignal; allowed?: ReadonlySet<number> },
  ): Promise<Neighbour[]>;
  /** Makes vectors for passages that have none of the present model, at most `limit`. Returns how many it made. */
  embedMissing(limit: number, options: { signal: AbortSignal; documentId?: string }): Promise<number>;
  /** Current documents with a passage that meaning cannot find yet. */
  countPending(): Promise<number>;
  status(): { modelId: string; passages: number; method: VectorIndex["method"]; degraded: string | undefined };
}

const batchSize = 32;
const pageSize = 500;
/** Vectors whose transactions ended out of order; only PostgreSQL can do that. */
const overlap = 500;

export function createPassageVectors(options: {
  store: Store<DataTables>;
  embedder: Embedder;
  createGraph: GraphFactory | undefined;
}): PassageVectors {
  return new StoredVectors(options.store, options.embedder, options.createGraph);
}

class StoredVectors implements PassageVectors {
  readonly #store: Store<DataTables>;
  readonly #embedder: Embedder;
  readonly #createGraph: GraphFactory | undefined;
  #index: { modelId: string; vectors: VectorIndex; lastId: number } | undefined;
  #refreshing: Promise<VectorIndex> | undefined;

  constructor(store: Store<DataTables>, embedder: Embedder, createGraph: GraphFactory | undefined) {
    this.#store = store;
    this.#embedder = embedder;
    this.#createGraph = createGraph;
  }

  async search(
    query: string,
    count: number,
    { signal, allowed }: { signal: AbortSignal; allowed?: ReadonlySet<number> },
  ): Promise<Neighbour[]> {
    const { vectors, modelId, dimension } = await this.#embedder.embed([redactPii(query)], {
      purpose: "query",
      signal,
    });
    const [vector] = vectors;
    // A text without a letter has no direction, so that nothing is near it.
    if (!vector || vector.every((value) => value === 0)) return [];
    const index = await this.#refresh(toKeptId(modelId), dimension);
    return index.search(vector, count, allowed);
  }

  async embedMissing(
    limit: number,
    { signal, documentId }: { signal: AbortSignal; documentId?: string },
  ): Promise<number> {
    let made = 0;
    while (made < limit) {
      signal.throwIfAborted();
      const missing = await this.#findMissing(Math.min(batchSize, limit - made), documentId);
      if (missing.length === 0) break;
      // The model may be another company's: particulars of people stay here, and a query hides them in the same way.
      const texts = missing.map(({ title, text }) => redactPii(title ? `${title}\n${text}` : text));
      const { vectors, modelId } = await this.#embedder.embed(texts, { purpose: "document", signal });
      await this.#keep(
        missing.map(({ id }) => id),
        vectors,
        toKeptId(modelId),
      );
      made += missing.length;
    }
    return made;
  }

  async countPending(): Promise<number> {
    const row = await this.#missing()
      .select((expression) => expression.fn.count<number>("d.id").distinct().as("count"))
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  status() {
    const { modelId, state, reason } = this.#embedder.status();
    return {
      modelId,
      passages: this.#index?.vectors.size ?? 0,
      method: this.#index?.vectors.method ?? ("exact" as const),
      degraded: state === "degraded" ? (reason ?? "The embedding model does not answer.") : undefined,
    };
  }

  #missing() {
    const modelId = toKeptId(this.#embedder.status().modelId);
    return this.#store.db
      .selectFrom("data_chunks as c")
      .innerJoin("data_documents as d", "d.id", "c.document_id")
      .leftJoin("data_vectors as v", (join) => join.onRef("v.chunk_id", "=", "c.id").on("v.model_id", "=", modelId))
      .where("v.id", "is", null)
      .where("d.is_current", "=", 1);
  }

  async #findMissing(limit: number, documentId: string | undefined) {
    let query = this.#missing().select(["c.id", "c.text", "d.title"]).orderBy("c.id").limit(limit);
    if (documentId !== undefined) query = query.where("c.document_id", "=", documentId);
    return await query.execute();
  }

  async #keep(ids: number[], vectors: Float32Array[], modelId: string): Promise<void> {
    await this.#store.transaction(async (tx) => {
      // A page may have been deleted or replaced while its vectors were made.
      const alive = await tx.selectFrom("data_chunks").select("id").where("id", "in", ids).execute();
      const present = new Set(alive.map((row) => row.id));
      const rows = ids.flatMap((id, position) => {
        const vector = vectors[position];
        return vector && present.has(id) ? [{ chunk_id: id, model_id: modelId, vector: toHalf(vector) }] : [];
      });
      if (rows.length === 0) return;
      await tx.deleteFrom("data_vectors").where("chunk_id", "in", ids).execute();
      await tx
        .insertInto("data_vectors")
        .values(rows)
        .onConflict((conflict) => conflict.column("chunk_id").doNothing())
        .execute();
    });
  }

  /** Brings the index in memory up to what is stored, also by other processes. One refresh at a time. */
  #refresh(modelId: string, dimension: number): Promise<VectorIndex> {
    this.#refreshing ??= this.#readNew(modelId, dimension).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readNew(modelId: string, dimension: number): Promise<VectorIndex> {
    const counted = await this.#store.db
      .selectFrom("data_vectors")
      .select((expression) => expression.fn.countAll<number>().as("count"))
      .where("model_id", "=", modelId)
      .executeTakeFirst();
    const stored = Number(counted?.count ?? 0);
    let index = this.#index;
    // Vectors of deleted passages stay in memory; when they are many, start over.
    if (!index || index.modelId !== modelId || index.vectors.size > stored * 1.5 + 1_000) {
      index = { modelId, vectors: createVectorIndex({ dimension, createGraph: this.#createGraph }), lastId: 0 };
      this.#index = index;
    }
    let from = this.#store.engine === "postgres" ? index.lastId - overlap : index.lastId;
    for (;;) {
      const numbers = await this.#store.db
        .selectFrom("data_vectors")
        .select(["id", "chunk_id"])
        .where("model_id", "=", modelId)
        .where("id", ">", from)
        .orderBy("id")
        .limit(pageSize)
        .execute();
      await this.#load(index.vectors, numbers, dimension);
      from = numbers.at(-1)?.id ?? from;
      index.lastId = Math.max(index.lastId, from);
      if (numbers.length < pageSize) return index.vectors;
    }
  }

  async #load(index: VectorIndex, numbers: { id: number; chunk_id: number }[], dimension: number): Promise<void> {
    const fresh = numbers.filter((row) => !index.has(row.chunk_id)).map((row) => row.id);
    if (fresh.length === 0) return;
    const rows = await this.#store.db
      .selectFrom("data_vectors")
      .select(["chunk_id", "vector"])
      .where("id", "in", fresh)
      .execute();
    for (const [position, row] of rows.entries()) {
      if (position % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
      const vector = fromHalf(row.vector);
      if (vector.length === dimension) index.add(row.chunk_id, vector);
    }
  }
}

/** What went into a vector is part of what it is: one of a text that was not redacted, or otherwise, is made anew. */
function toKeptId(modelId: string): string {
  return `${modelId}+redacted.${redactionVersion}`;
}

/** Half the bytes; the loss (about 1e-3) is far below what separates two passages. */
export function toHalf(vector: Float32Array): Uint8Array {
  return new Uint8Array(new Float16Array(vector).buffer);
}

export function fromHalf(bytes: Uint8Array): Float32Array {
  // A copy, because a database's buffer may begin at an odd address.
  return new Float32Array(new Float16Array(new Uint8Array(bytes).buffer));
}
