import type { DuplicateEdge, DuplicateReason, KeptApart } from "./duplicate-edge.ts";

const strength: Record<DuplicateReason, number> = { canonical_url: 3, vendor_id: 2, same_text: 1, near_text: 0 };

/**
 * Edges → groups of at least two documents, ids sorted, groups by their first id. Strong reasons are followed first; an
 * edge that would bring two documents together that are kept apart is passed over, so a split holds whatever is found
 * later. The same edges in any order give the same groups.
 */
export function groupDocuments(edges: readonly DuplicateEdge[], apart: readonly KeptApart[] = []): string[][] {
  const members = new Map<string, Set<string>>();
  const enemies = enemiesOf(apart);
  for (const { documentA, documentB } of edges.toSorted(byStrength)) {
    const groupA = members.get(documentA) ?? new Set([documentA]);
    const groupB = members.get(documentB) ?? new Set([documentB]);
    if (groupA === groupB || areApart(groupA, groupB, enemies)) continue;
    const [small, large] = groupA.size < groupB.size ? [groupA, groupB] : [groupB, groupA];
    for (const id of small) large.add(id);
    for (const id of large) members.set(id, large);
  }
  const groups = [...new Set(members.values())].map((group) => [...group].toSorted());
  return groups.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

function byStrength(a: DuplicateEdge, b: DuplicateEdge): number {
  const order = strength[b.reason] - strength[a.reason] || b.score - a.score;
  return order || compareIds(a.documentA, b.documentA) || compareIds(a.documentB, b.documentB);
}

function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function enemiesOf(apart: readonly KeptApart[]): Map<string, Set<string>> {
  const enemies = new Map<string, Set<string>>();
  for (const { documentA, documentB } of apart) {
    enemies.set(documentA, (enemies.get(documentA) ?? new Set()).add(documentB));
    enemies.set(documentB, (enemies.get(documentB) ?? new Set()).add(documentA));
  }
  return enemies;
}

function areApart(a: ReadonlySet<string>, b: ReadonlySet<string>, enemies: ReadonlyMap<string, Set<string>>): boolean {
  if (enemies.size === 0) return false;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const id of small) {
    const foes = enemies.get(id);
    if (foes && !foes.isDisjointFrom(large)) return true;
  }
  return false;
}

/** A document as far as choosing the one to show goes. Times are wall-clock milliseconds. */
export interface GroupMember {
  id: string;
  textLength: number;
  publishedAt: number | null;
  fetchedAt: number;
}

/** The member to show for its group: the fullest text; of nearly equal ones (within 5 %) the one published, then seen, first. */
export function chooseRepresentative(members: readonly GroupMember[]): string | undefined {
  const longest = Math.max(...members.map((member) => member.textLength));
  const full = members.filter((member) => member.textLength >= longest * 0.95);
  const [first] = full.toSorted(
    (a, b) =>
      (a.publishedAt ?? a.fetchedAt) - (b.publishedAt ?? b.fetchedAt) ||
      a.fetchedAt - b.fetchedAt ||
      compareIds(a.id, b.id),
  );
  return first?.id;
}
