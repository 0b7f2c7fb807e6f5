import type { NormalLead } from "./lead-record.ts";

/** Records of one block that are compared with each other; a larger block is sorted and only neighbours are compared. */
const largestBlock = 60;
const neighbours = 12;
/** Weak keys stop making pairs here: what they still would add is the least likely. */
const mostPairsPerRecord = 60;

/**
 * Pairs worth comparing, as places in `records`, each once with the smaller place first: records that agree on one
 * strong key or on any two weak ones. Errors must fall into nearly all fields before a pair is missed.
 */
export function blockLeads(records: readonly NormalLead[]): [number, number][] {
  const seen = new Set<number>();
  const pairs: [number, number][] = [];
  const add = (one: number, other: number): void => {
    const [a, b] = one < other ? [one, other] : [other, one];
    const pair = a * records.length + b;
    if (seen.has(pair)) return;
    seen.add(pair);
    pairs.push([a, b]);
  };
  const pairUp = (keysOf: (index: number) => readonly string[]): void => {
    for (const block of blocksOf(records.length, keysOf)) {
      const isLarge = block.length > largestBlock;
      const members = isLarge ? sortByText(block, records) : block;
      const reach = isLarge ? neighbours : block.length;
      for (const [place, index] of members.entries()) {
        for (const other of members.slice(place + 1, place + 1 + reach)) add(index, other);
      }
    }
  };
  pairUp((index) => strongKeys(records[index]!));
  const weak = records.map((record) => weakKeys(record));
  const passes = weak[0]?.length ?? 0;
  const mostPairs = mostPairsPerRecord * records.length;
  // One pass at a time, so that memory grows with the records and not with the passes.
  for (let one = 0; one < passes; one += 1) {
    for (let other = 0; other < one && pairs.length < mostPairs; other += 1) {
      pairUp((index) => {
        const [keyA = "", keyB = ""] = [weak[index]![one], weak[index]![other]];
        return keyA === "" || keyB === "" ? [] : [`${keyA}|${keyB}`];
      });
    }
  }
  return pairs;
}

function blocksOf(count: number, keysOf: (index: number) => readonly string[]): number[][] {
  const blocks = new Map<string, number[]>();
  for (let index = 0; index < count; index += 1) {
    for (const key of new Set(keysOf(index))) {
      const block = blocks.get(key);
      if (block) block.push(index);
      else blocks.set(key, [index]);
    }
  }
  return [...blocks.values()].filter((block) => block.length > 1);
}

function sortByText(block: readonly number[], records: readonly NormalLead[]): number[] {
  const text = (index: number): string => {
    const record = records[index]!;
    return [record.surname, record.organisation, record.givenName, record.street, record.phone].join("|");
  };
  return block
    .map((index) => ({ index, text: text(index) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ index }) => index);
}

/** Any one of these in common makes a pair. */
function strongKeys(record: NormalLead): string[] {
  const keys: string[] = [];
  const add = (pass: string, ...parts: string[]): void => {
    if (parts.every((part) => part !== "")) keys.push(`${pass}:${parts.join("|")}`);
  };
  add("id", record.identifier);
  add("phone", record.phone.slice(-7));
  add("email", record.email);
  add("mailbox", record.email.split("@")[0]!);
  add("site", record.website);
  add("born", record.birthDate);
  add("organisation", record.organisation.replaceAll(" ", "").slice(0, 10));
  // In one order for both: fields get exchanged.
  add("name", ...[toSound(record.givenName), toSound(record.surname)].toSorted());
  add("lines", ...[record.street.slice(0, 6), record.addressLine.slice(0, 6)].toSorted());
  for (const word of record.organisation.split(" ").filter((part) => part.length > 2)) {
    add("organisationAt", word.slice(0, 5), record.postcode || record.city.slice(0, 5));
    add("organisationIn", word.slice(0, 5), record.street.slice(0, 5));
  }
  return keys;
}

/** Any two of these in common make a pair; always the same number of them, empty where there is nothing. */
function weakKeys(record: NormalLead): string[] {
  const { identifier, birthDate } = record;
  return [
    toSound(record.givenName),
    toSound(record.surname),
    record.houseNumber,
    record.street.slice(0, 4),
    record.addressLine.slice(0, 4),
    record.city.slice(0, 4),
    record.postcode,
    birthDate.slice(0, 4),
    birthDate.slice(4),
    identifier.length < 6 ? "" : identifier.slice(0, 3),
    identifier.length < 6 ? "" : identifier.slice(-3),
    record.phone.slice(-4),
    record.organisation.slice(0, 4),
  ];
}

const soundGroups: Record<string, string> = {
  b: "1",
  f: "1",
  p: "1",
  v: "1",
  w: "1",
  c: "2",
  g: "2",
  j: "2",
  k: "2",
  q: "2",
  s: "2",
  x: "2",
  z: "2",
  d: "3",
  t: "3",
  l: "4",
  m: "5",
  n: "5",
  r: "6",
};

/** First letter and up to three groups of consonants, as in Soundex, which made names findable under their misspellings. */
function toSound(name: string): string {
  if (name === "") return "";
  let sound = name[0]!;
  let last = soundGroups[name[0]!] ?? "";
  for (const letter of name.slice(1)) {
    const group = soundGroups[letter] ?? "";
    if (group !== "" && group !== last) sound += group;
    if (letter !== "h") last = group;
    if (sound.length === 4) break;
  }
  return sound;
}
