import { createRandom } from "@sophia/core/statistics/seeded-random";
import type { LeadRecord, LeadText } from "../lead-record.ts";
import { createWordLists, pick, type Random, type WordLists } from "./word-lists.ts";
import { spoilRecord } from "./spoil-record.ts";

export interface LeadSet {
  records: LeadRecord[];
  /** Ids of records of one subject, at least two each. */
  clusters: string[][];
}

/**
 * Persons as registers hold them: 40 % with copies, up to five of one, with up to ten errors in a record and three in a
 * field; and, what makes it hard, relatives at one address with one surname. The same seed gives the same set.
 */
export function makePeople(originals: number, seed: number): LeadSet {
  const random = createRandom(seed);
  const words = createWordLists(random);
  const subjects: Omit<LeadRecord, "id">[] = [];
  while (subjects.length < originals) {
    const person = makePerson(words, random);
    subjects.push(person);
    if (random() < 0.04) subjects.push({ ...person, ...makeSelf(words, random) });
  }
  return copyAll(subjects, random, (subject) => {
    const copies = random() < 0.4 ? 1 + Math.floor(random() * 5) : 0;
    return Array.from({ length: copies }, () => spoilRecord(subject, subjects, random));
  });
}

/**
 * Places of organisations as several directories write them: name long or short, street abbreviated or not, telephone
 * with or without its punctuation, errors and gaps; and chains with one name at many addresses, some with one telephone.
 */
export function makeSites(originals: number, seed: number): LeadSet {
  const random = createRandom(seed);
  const words = createWordLists(random);
  const subjects: Omit<LeadRecord, "id">[] = [];
  while (subjects.length < originals) {
    const site = makeSite(words, random);
    subjects.push(site);
    const branches = random() < 0.08 ? 1 + Math.floor(random() * 4) : 0;
    for (let branch = 0; branch < branches; branch += 1) {
      const other = makeSite(words, random);
      subjects.push({ ...other, organisation: site.organisation!, phone: random() < 0.3 ? site.phone! : other.phone! });
    }
  }
  return copyAll(subjects, random, (subject) => {
    // Some places are listed once for each thing they do.
    const most = random() < 0.15 ? 14 : 4;
    const copies = random() < 0.7 ? 1 + Math.floor(random() * most) : 0;
    return Array.from({ length: copies }, () => rewriteSite(subject, words, random));
  });
}

function makePerson(words: WordLists, random: Random): Omit<LeadRecord, "id"> {
  return {
    surname: pick(words.surnames, random),
    houseNumber: String(1 + Math.floor(random() ** 2 * 300)),
    street: `${pick(words.streets, random)} ${pick(words.streetKinds, random)}`,
    addressLine: random() < 0.6 ? pick(words.buildings, random) : "",
    city: pick(words.cities, random),
    postcode: String(2000 + Math.floor(random() ** 1.5 * 6000)),
    region: pick(words.regions, random),
    ...makeSelf(words, random),
  };
}

function makeSelf(words: WordLists, random: Random): Pick<LeadRecord, "givenName" | "birthDate" | "identifier"> {
  const year = 1900 + Math.floor(random() * 100);
  const [month, day] = [1 + Math.floor(random() * 12), 1 + Math.floor(random() * 28)];
  return {
    givenName: pick(words.givenNames, random),
    birthDate: `${year}${String(month).padStart(2, "0")}${String(day).padStart(2, "0")}`,
    identifier: String(1_000_000 + Math.floor(random() * 9_000_000)),
  };
}

function makeSite(words: WordLists, random: Random): Omit<LeadRecord, "id"> {
  const owner = random() < 0.5 ? pick(words.surnames, random) : pick(words.streets, random);
  return {
    organisation: `${owner} ${pick(words.siteWords, random)} ${pick(words.siteKinds, random)}`,
    street: `${1 + Math.floor(random() * 9000)} ${pick(words.directions, random)} ${pick(words.streets, random)} ${pick(words.streetKinds, random)}`,
    postcode: String(60_600 + Math.floor(random() * 60)),
    phone: `312${2_000_000 + Math.floor(random() * 7_999_999)}`,
  };
}

const shortForms: [RegExp, string][] = [
  [/ street$/, " St."],
  [/ avenue$/, " Ave"],
  [/ road$/, " Rd"],
  [/ north /, " N. "],
  [/ south /, " S "],
  [/ west /, " W. "],
  [/ east /, " E "],
];

function rewriteSite(site: Omit<LeadRecord, "id">, words: WordLists, random: Random): Omit<LeadRecord, "id"> {
  const parts = site.organisation!.split(" ");
  const names = [
    site.organisation!,
    parts.slice(0, 2).join(" "),
    `${pick(words.agencies, random)} - ${site.organisation!}`,
    `${site.organisation!.toUpperCase()} INC.`,
    `${parts[0]} ${parts[2]}`,
  ];
  const short = shortForms.reduce((street, [long, brief]) => street.replace(long, brief), site.street!);
  const digits = site.phone!;
  const phones = [digits, `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}`, digits.slice(3), ""];
  const written: Omit<LeadRecord, "id"> = {
    organisation: pick(names, random),
    street: pick([site.street!, short, short.toUpperCase()], random),
    postcode: random() < 0.8 ? site.postcode! : "",
    phone:
      random() < 0.05 ? `312${2_000_000 + Math.floor(random() * 7_999_999)}` : phones[Math.floor(random() ** 1.5 * 4)]!,
  };
  return random() < 0.3 ? spoilRecord(written, [written], random, 2) : written;
}

function copyAll(
  subjects: readonly Omit<LeadRecord, "id">[],
  random: Random,
  copy: (subject: Omit<LeadRecord, "id">) => Partial<Record<LeadText, string>>[],
): LeadSet {
  const records: LeadRecord[] = [];
  const clusters: string[][] = [];
  for (const [index, subject] of subjects.entries()) {
    const written = [subject, ...copy(subject)].map((fields, place) => ({ ...fields, id: `${index}-${place}` }));
    records.push(...written);
    if (written.length > 1) clusters.push(written.map(({ id }) => id));
  }
  return { records: records.toSorted(() => random() - 0.5), clusters };
}
