import { createRandom } from "@sophia/core/statistics/seeded-random";
import { copyKinds } from "./copy-kinds.ts";
import { familyKinds } from "./family-kinds.ts";
import { between, type Random, type Sentences, shuffle } from "./draw.ts";

export interface ArticleSet {
  documents: { id: string; text: string; kind: string }[];
  /** Ids of documents that are one, at least two each. */
  clusters: string[][];
  /** How many documents of each kind there are. */
  composition: Record<string, number>;
}

/** Stories with copies; families of different pages that look alike; stories alone. */
export interface ArticleSetSize {
  stories: number;
  families: number;
  alone: number;
}

/**
 * Articles made of a pool of sentences: copies of ten kinds, one to three of a story and now and then many, and hard
 * negatives of six kinds. No sentence is used for two stories, so the truth is certain. The same seed gives the
 * same set.
 */
export function makeArticleSet(pool: readonly string[], size: ArticleSetSize, seed: number): ArticleSet {
  const random = createRandom(seed);
  const take = dealer(pool, random);
  const documents: ArticleSet["documents"] = [];
  const clusters: string[][] = [];
  const add = (text: string, kind: string): string => {
    const id = `d${documents.length}`;
    documents.push({ id, text, kind });
    return id;
  };
  const copies = Object.entries(copyKinds);
  for (let story = 0; story < size.stories; story += 1) {
    const sentences = take(between(random, 6, 22));
    const cluster = [add(sentences.join(" "), "original")];
    // Some stories go round: printed twenty times with small changes, or a dozen times in every way.
    const isLight = story % 40 === 39;
    const prints = isLight ? 20 : story % 40 === 19 ? 12 : between(random, 1, 3);
    for (let print = 0; print < prints; print += 1) {
      const allowed = isLight ? copies.filter(([kind]) => kind === "reworded" || kind === "misread") : copies;
      const [kind, copy] = allowed[Math.floor(random() * allowed.length)]!;
      cluster.push(add(copy(sentences, { random, take }), kind));
    }
    clusters.push(cluster);
  }
  const families = Object.entries(familyKinds);
  for (let family = 0; family < size.families; family += 1) {
    const [kind, make] = families[family % families.length]!;
    for (const text of make({ random, take })) add(text, kind);
  }
  for (let alone = 0; alone < size.alone; alone += 1) add(take(between(random, 3, 22)).join(" "), "alone");
  return { documents: shuffle(documents, random), clusters, composition: countKinds(documents) };
}

/** Deals each sentence of the pool once. */
function dealer(pool: readonly string[], random: Random): (count: number) => Sentences {
  const deck = shuffle([...new Set(pool)], random);
  let next = 0;
  return (count) => {
    if (next + count > deck.length) throw new RangeError(`The pool of ${deck.length} sentences is used up.`);
    next += count;
    return deck.slice(next - count, next);
  };
}

function countKinds(documents: ArticleSet["documents"]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of documents) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
