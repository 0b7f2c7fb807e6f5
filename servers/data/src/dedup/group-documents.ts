import type { DuplicateEdge, KeptApart } from "./duplicate-edge.ts";

/** Of the pairs between two groups, how many must have been found alike for `near_text` to join them. */
const linkedShare = 1 / 3;
/** In large groups not every pair is looked at. */
const enoughLinks = 8;

interface Group {
  ids: string[];
  /** Parts held together by more than likeness: they count as one when links are counted. */
  parts: number;
  /** Links to other groups by `near_text`. */
  links: Map<Group, number>;
}

/**
 * Edges → groups of at least two documents, ids sorted, groups by their first id. Address, vendor id and equal text join
 * at once. Likeness joins, best score first, where a third of the pairs between two groups are alike: two pages that share
 * a frame do not bring their stories together. No edge joins documents that are kept apart, so a split holds whatever is
 * found later. The same edges in any order give the same groups.
 */
export function groupDocuments(edges: readonly DuplicateEdge[], apart: readonly KeptApart[] = []): string[][] {
  const groupOf = new Map<string, Group>();
  const enemies = enemiesOf(apart);
  const groupFor = (id: string): Group => {
    const known = groupOf.get(id);
    if (known) return known;
    const alone: Group = { ids: [id], parts: 1, links: new Map() };
    groupOf.set(id, alone);
    return alone;
  };
  const sorted = edges.toSorted(byScore);
  for (const { documentA, documentB, reason } of sorted) {
    const [a, b] = [groupFor(documentA), groupFor(documentB)];
    if (reason !== "near_text" && a !== b && !areApart(a, b, enemies)) join(a, b, groupOf, 1);
  }
  const near = sorted.filter(({ reason }) => reason === "near_text");
  for (const { documentA, documentB } of near) link(groupFor(documentA), groupFor(documentB));
  let joined = true;
  while (joined) {
    joined = false;
    for (const { documentA, documentB } of near) {
      const [a, b] = [groupFor(documentA), groupFor(documentB)];
      if (a === b || areApart(a, b, enemies)) continue;
      const needed = Math.min(enoughLinks, linkedShare * a.parts * b.parts);
      if ((a.links.get(b) ?? 0) < needed) continue;
      join(a, b, groupOf, a.parts + b.parts);
      joined = true;
    }
  }
  const groups = [...new Set(groupOf.values())].filter(({ ids }) => ids.length > 1).map(({ ids }) => ids.toSorted());
  return groups.toSorted(([a = ""], [b = ""]) => compareIds(a, b));
}

function link(a: Group, b: Group): void {
  if (a === b) return;
  a.links.set(b, (a.links.get(b) ?? 0) + 1);
  b.links.set(a, (b.links.get(a) ?? 0) + 1);
}

function join(a: Group, b: Group, groupOf: Map<string, Group>, parts: number): void {
  const [small, large] = a.ids.length < b.ids.length ? [a, b] : [b, a];
  large.ids.push(...small.ids);
  large.parts = parts;
  for (const id of small.ids) groupOf.set(id, large);
  large.links.delete(small);
  for (const [other, count] of small.links) {
    if (other === large) continue;
    other.links.delete(small);
    large.links.set(other, (large.links.get(other) ?? 0) + count);
    other.links.set(large, large.links.get(other)!);
  }
}

function byScore(a: DuplicateEdge, b: DuplicateEdge): number {
  return b.score - a.score || compareIds(a.documentA, b.documentA) || compareIds(a.documentB, b.documentB);
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

function areApart(a: Group, b: Group, enemies: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  if (enemies.size === 0) return false;
  const [small, large] = a.ids.length < b.ids.length ? [a, b] : [b, a];
  return small.ids.some((id) => {
    const foes = enemies.get(id);
    return foes !== undefined && large.ids.some((other) => foes.has(other));
  });
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
