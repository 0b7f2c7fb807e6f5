import { createRandom } from "@sophia/core/statistics/seeded-random";
import { type Comparison, compareLeads, leadFields, type Level } from "./compare-leads.ts";
import type { LeadField, NormalLead } from "./lead-record.ts";

/** Two records compared, as places in the list. */
export interface ComparedPair {
  a: number;
  b: number;
  comparison: Comparison;
}

type Shares = Record<Exclude<Level, "missing">, number>;

/**
 * What agreement and difference are worth, in bits, after Fellegi & Sunter 1969: log2 of how often a level comes up
 * among records of one subject against how often by chance. An exact agreement is worth more on a rare value.
 */
export interface FieldWeights {
  /** Bits for any two records being one subject before a field is read. */
  priorBits: number;
  /** Bits of each field, the strongest first, and their sum without the prior. */
  weigh(pair: ComparedPair): { bits: number; reasons: { field: LeadField; level: Level; bits: number }[] };
}

/** Expected shares among records of one subject, fixed beforehand: no set was looked at for them. */
const expectedShares: Shares = { exact: 0.75, near: 0.12, similar: 0.05, different: 0.08 };
/** Names of organisations are written long, short, with and without the parent's name. */
const expectedNameShares: Shares = { exact: 0.4, near: 0.2, similar: 0.25, different: 0.15 };
/** The expectation weighs as much as this many pairs of the records themselves. */
const expectationPairs = 50;
const rounds = 4;
/** Before any field is read, a record is taken to have one other of its subject, or as many as are found, up to this. */
const mostOthers = 10;
const sampledPairs = 20_000;
/** A short list is read as if it stood among this many more records, whose values are all others. */
const unseenRecords = 200;
/** No single field decides alone, for or against. */
const mostBits = 14;
const leastBits = -5;
/**
 * Who shares an address agrees in all parts of it, so the parts are not independent: together they make two records one
 * subject with odds of 2 to the power of this, and names, dates and numbers decide.
 */
const addressOddsBits = 1.5;
const addressFields = new Set<LeadField>(["houseNumber", "street", "addressLine", "city", "postcode", "region"]);

/**
 * Chance agreement is measured on random pairs of the records and on how often each value occurs; agreement among records
 * of one subject starts from what is expected and is fitted to the pairs by expectation and maximisation (Winkler
 * 1988). No labels are used.
 */
export function weighFields(records: readonly NormalLead[], pairs: readonly ComparedPair[]): FieldWeights {
  const byChance = sampleLevels(records);
  const frequencies = new Map(leadFields.map((field) => [field, countValues(records, field)]));
  let priorBits = -Math.log2(records.length + unseenRecords);
  let amongSame = new Map(leadFields.map((field) => [field, expectationOf(field)]));

  const bitsOf = (field: LeadField, level: Level, value: string): number => {
    if (level === "missing") return 0;
    const chance = level === "exact" ? chanceOf(frequencies.get(field)!, value) : byChance.get(field)![level];
    return Math.min(mostBits, Math.max(leastBits, Math.log2(amongSame.get(field)![level] / chance)));
  };
  const sumBits = ({ a, comparison }: ComparedPair): number => {
    let [own, address] = [0, 0];
    for (const field of leadFields) {
      const bits = bitsOf(field, comparison[field], records[a]![field]);
      if (addressFields.has(field)) address += bits;
      else own += bits;
    }
    return own + Math.min(addressOddsBits - priorBits, address);
  };
  for (let round = 0; round < rounds; round += 1) {
    const chances = pairs.map((pair) => 1 / (1 + 2 ** -(sumBits(pair) + priorBits)));
    amongSame = new Map(leadFields.map((field) => [field, fitShares(field, pairs, chances)]));
    const others = (2 * chances.reduce((sum, chance) => sum + chance, 0)) / Math.max(1, records.length);
    priorBits = Math.log2(Math.min(mostOthers, Math.max(1, others)) / (records.length + unseenRecords));
  }
  return {
    priorBits,
    weigh(pair) {
      const reasons = leadFields
        .filter((field) => pair.comparison[field] !== "missing")
        .map((field) => {
          const level = pair.comparison[field];
          return { field, level, bits: bitsOf(field, level, records[pair.a]![field]) };
        });
      return {
        bits: sumBits(pair),
        reasons: reasons.toSorted((one, other) => Math.abs(other.bits) - Math.abs(one.bits)),
      };
    },
  };
}

function expectationOf(field: LeadField): Shares {
  return field === "organisation" ? expectedNameShares : expectedShares;
}

function fitShares(field: LeadField, pairs: readonly ComparedPair[], chances: readonly number[]): Shares {
  const expected = expectationOf(field);
  const sums = { exact: 0, near: 0, similar: 0, different: 0, missing: 0 };
  for (const [index, { comparison }] of pairs.entries()) sums[comparison[field]] += chances[index]!;
  const total = sums.exact + sums.near + sums.similar + sums.different + expectationPairs;
  const share = (level: keyof Shares): number => (sums[level] + expectationPairs * expected[level]) / total;
  return { exact: share("exact"), near: share("near"), similar: share("similar"), different: share("different") };
}

function sampleLevels(records: readonly NormalLead[]): Map<LeadField, Record<Level, number>> {
  const random = createRandom(1);
  const counts = new Map(
    leadFields.map((field) => [field, { exact: 1, near: 1, similar: 2, different: 20, missing: 0 }]),
  );
  const wanted = Math.min(sampledPairs, (records.length * (records.length - 1)) / 2);
  for (let pair = 0; pair < wanted; pair += 1) {
    const a = records[Math.floor(random() * records.length)]!;
    const b = records[Math.floor(random() * records.length)]!;
    if (a === b) continue;
    const comparison = compareLeads(a, b);
    for (const field of leadFields) counts.get(field)![comparison[field]] += 1;
  }
  for (const levels of counts.values()) {
    const total = levels.exact + levels.near + levels.similar + levels.different;
    for (const level of Object.keys(levels) as Level[]) levels[level] /= total;
  }
  return counts;
}

interface ValueCounts {
  total: number;
  of: Map<string, number>;
}

function countValues(records: readonly NormalLead[], field: LeadField): ValueCounts {
  const of = new Map<string, number>();
  let total = 0;
  for (const record of records) {
    const value = record[field];
    if (value === "") continue;
    total += 1;
    of.set(value, (of.get(value) ?? 0) + 1);
  }
  return { total, of };
}

function chanceOf({ total, of }: ValueCounts, value: string): number {
  return (of.get(value) ?? 1) / (total + unseenRecords);
}
