export type Random = () => number;

export type Sentences = string[];

/** What a kind of text is made with. */
export interface Source {
  random: Random;
  /** Sentences that nothing else of the set uses. */
  take: (count: number) => Sentences;
}

export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const mixed = [...items];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [mixed[index], mixed[other]] = [mixed[other]!, mixed[index]!];
  }
  return mixed;
}
