export type Random = () => number;

/** Made-up names, common ones first: `pick` takes early entries more often, as people do. */
export interface WordLists {
  givenNames: string[];
  surnames: string[];
  streets: string[];
  cities: string[];
  buildings: string[];
  streetKinds: string[];
  regions: string[];
  siteWords: string[];
  siteKinds: string[];
  directions: string[];
  agencies: string[];
}

const starts = "b br c ch d dr f g gr h j k l m n p r s sh st t tr v w".split(" ");
const vowels = "a e i o u ai ea ie oo".split(" ");
const ends = "n r l s t ck nd m th rd".split(" ");

export function createWordLists(random: Random): WordLists {
  const many = (count: number, syllables: number): string[] =>
    Array.from({ length: count }, () => makeName(1 + Math.floor(random() * syllables), random));
  return {
    givenNames: many(350, 2),
    surnames: many(1200, 3),
    streets: many(900, 3),
    cities: many(500, 3).map((name, index) =>
      index % 3 === 0 ? `${name} ${pickEvenly(["north", "park", "hill"], random)}` : name,
    ),
    buildings: many(600, 2).map(
      (name) => `${name} ${pickEvenly(["village", "court", "estate", "flats", "farm"], random)}`,
    ),
    streetKinds: ["street", "avenue", "road", "place", "circuit", "crescent", "court", "drive"],
    regions: ["nsw", "vic", "qld", "wa", "sa", "tas", "act", "nt"],
    siteWords: ["early", "family", "community", "little", "north side", "academy", "learning", "saint"],
    siteKinds: ["center", "school", "preschool", "day care", "child care", "ministries", "services"],
    directions: ["north", "south", "west", "east"],
    agencies: many(30, 2).map((name) => `${name} public schools`),
  };
}

/** Early entries more often: by the square of a uniform number. */
export function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() ** 2 * items.length)]!;
}

export function pickEvenly<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)]!;
}

function makeName(syllables: number, random: Random): string {
  let name = "";
  for (let count = 0; count <= syllables; count += 1) {
    name += pickEvenly(starts, random) + pickEvenly(vowels, random);
    if (random() < 0.3) name += pickEvenly(ends, random);
  }
  return name;
}
