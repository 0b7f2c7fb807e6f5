import type { CategoryBook } from "./category-books.ts";
import type { EntryRow } from "./entry-rows.ts";
import type { CategoryStats, SemanticEntry } from "./semantic-cache.ts";

export function toCategoryStats(category: string, book: CategoryBook, entries: number): CategoryStats {
  const { requests, hits, checks, wrongChecks, errorBudget, ttlMs, learned } = book;
  const { estimate, bound } = learned.errorRate();
  const promise = { threshold: learned.threshold(), estimatedErrorRate: estimate, errorRateBound: bound };
  return { category, requests, hits, checks, wrongChecks, ...promise, errorBudget, ttlMs, entries };
}

export function toEntry(row: EntryRow): SemanticEntry {
  const { id: entryId, partition, category, text, value } = row;
  return {
    entryId,
    partition,
    category,
    text,
    value,
    strength: Number(row.strength),
    tags: (JSON.parse(row.tags) as [string, number][]).map(([tag]) => tag),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    checks: row.checks,
    wrongChecks: row.wrong_checks,
  };
}
