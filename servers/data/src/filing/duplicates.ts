import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import { sql } from "kysely";
import { chooseRepresentative } from "../dedup/group-documents.ts";
import type { DuplicateEdge } from "../dedup/duplicate-edge.ts";
import type { FilingTables } from "./filing-tables.ts";
import { regroup, toEdge } from "./regroup.ts";

export interface DuplicateGroup {
  groupId: string;
  /** The member to show for it. */
  representative: string;
  documents: { documentId: string; url: string; title: string | null; source: string }[];
  /** Why they are one. */
  edges: DuplicateEdge[];
}

/** Groups of documents that are one, and what people say of them. */
export interface Duplicates {
  list(page: { offset: number; limit: number }): Promise<{ groups: DuplicateGroup[]; total: number }>;
  /** Of these documents those in a group, with its id and how many others are in it. */
  groupsOf(ids: readonly string[]): Promise<Map<string, { groupId: string; others: number }>>;
  /** The group of a document. Throws AppError `not_found` where it has none. */
  find(documentId: string): Promise<DuplicateGroup>;
  /** This document is none of its group's, now and later. Taken back with `rejoin`. */
  split(documentId: string, caller: string): Promise<void>;
  rejoin(documentId: string): Promise<void>;
}

type Db = Store<FilingTables>["db"];

export function createDuplicates(options: { store: Store<FilingTables>; clock: Clock }): Duplicates {
  const { store, clock } = options;
  const { db } = store;
  return {
    async list({ offset, limit }) {
      const ids = await db
        .selectFrom("data_document_groups")
        .select("group_id")
        .groupBy("group_id")
        .orderBy("group_id")
        .offset(offset)
        .limit(limit)
        .execute();
      const { count } = await db
        .selectFrom("data_document_groups")
        .select(sql<number | string>`count(distinct group_id)`.as("count"))
        .executeTakeFirstOrThrow();
      return {
        groups: await readGroups(
          db,
          ids.map(({ group_id: id }) => id),
        ),
        total: Number(count),
      };
    },
    async groupsOf(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom("data_document_groups as mine")
        .innerJoin("data_document_groups as all", "all.group_id", "mine.group_id")
        .select(["mine.document_id", "mine.group_id"])
        .select((expression) => expression.fn.countAll<number | string>().as("members"))
        .where("mine.document_id", "in", [...ids])
        .groupBy(["mine.document_id", "mine.group_id"])
        .execute();
      return new Map(rows.map((row) => [row.document_id, { groupId: row.group_id, others: Number(row.members) - 1 }]));
    },
    find: (documentId) => findGroup(db, documentId),
    split: (documentId, caller) => splitOff(store, { documentId, caller, now: clock.now() }),
    rejoin: (documentId) => rejoin(store, documentId),
  };
}

async function splitOff(
  store: Store<FilingTables>,
  { documentId, caller, now }: { documentId: string; caller: string; now: number },
): Promise<void> {
  const { documents } = await findGroup(store.db, documentId);
  const others = documents.map((document) => document.documentId).filter((id) => id !== documentId);
  await store.transaction(async (tx) => {
    const rows = others.map((other) => {
      const [document_a, document_b] = documentId < other ? [documentId, other] : [other, documentId];
      return { document_a, document_b, caller, decided_at: now };
    });
    await tx
      .insertInto("data_kept_apart")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await regroup(tx, [documentId, ...others]);
  });
}

async function rejoin(store: Store<FilingTables>, documentId: string): Promise<void> {
  await store.transaction(async (tx) => {
    const removed = await tx
      .deleteFrom("data_kept_apart")
      .where((where) => where.or([where("document_a", "=", documentId), where("document_b", "=", documentId)]))
      .returning(["document_a", "document_b"])
      .execute();
    const touched = removed.flatMap((row) => [row.document_a, row.document_b]);
    await regroup(tx, [...new Set([documentId, ...touched])]);
  });
}

async function findGroup(db: Db, documentId: string): Promise<DuplicateGroup> {
  const row = await db
    .selectFrom("data_document_groups")
    .select("group_id")
    .where("document_id", "=", documentId)
    .executeTakeFirst();
  const [group] = row ? await readGroups(db, [row.group_id]) : [];
  if (group) return group;
  throw new AppError("not_found", "That document is in no group of duplicates.", {
    hint: "list_duplicates shows the groups there are.",
  });
}

async function readGroups(db: Db, groupIds: readonly string[]): Promise<DuplicateGroup[]> {
  if (groupIds.length === 0) return [];
  const members = await db
    .selectFrom("data_document_groups as g")
    .innerJoin("data_documents as d", "d.id", "g.document_id")
    .select([
      "g.group_id",
      "d.id",
      "d.final_url",
      "d.title",
      "d.source",
      "d.text_length",
      "d.published_at",
      "d.fetched_at",
    ])
    .where("g.group_id", "in", [...groupIds])
    .orderBy("d.fetched_at")
    .orderBy("d.id")
    .execute();
  const edges = await db
    .selectFrom("data_duplicate_edges as e")
    .innerJoin("data_document_groups as g", "g.document_id", "e.document_a")
    .innerJoin("data_document_groups as h", "h.document_id", "e.document_b")
    .selectAll("e")
    .select("g.group_id")
    .where("g.group_id", "in", [...groupIds])
    .whereRef("g.group_id", "=", "h.group_id")
    .execute();
  return groupIds.flatMap((groupId) => {
    const own = members.filter((member) => member.group_id === groupId);
    const shown = own.map(({ id, text_length: textLength, published_at: publishedAt, fetched_at: fetchedAt }) => ({
      id,
      textLength,
      publishedAt,
      fetchedAt,
    }));
    const representative = chooseRepresentative(shown);
    if (representative === undefined) return [];
    const documents = own.map(({ id, final_url: url, title, source }) => ({ documentId: id, url, title, source }));
    const reasons = edges.filter((edge) => edge.group_id === groupId).map(toEdge);
    return [{ groupId, representative, documents, edges: reasons }];
  });
}
