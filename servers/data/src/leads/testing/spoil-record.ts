import { mistype } from "../../dedup/testing/spoil-words.ts";
import type { LeadRecord, LeadText } from "../lead-record.ts";
import { pickEvenly, type Random } from "./word-lists.ts";

type Fields = Omit<LeadRecord, "id">;

/**
 * A copy with one to `most` errors, at most three in a field: keys and digits hit wrongly, a space too many or too few, a
 * field empty, another person's value, two fields in each other's place.
 */
export function spoilRecord(original: Fields, all: readonly Fields[], random: Random, most = 10): Fields {
  const copy = { ...original };
  const hits = new Map<string, number>();
  const count = 1 + Math.floor(random() * most);
  for (let error = 0; error < count; error += 1) {
    const filled = (Object.keys(copy) as LeadText[]).filter((field) => copy[field] && (hits.get(field) ?? 0) < 3);
    if (filled.length === 0) break;
    const field = pickEvenly(filled, random);
    hits.set(field, (hits.get(field) ?? 0) + 1);
    spoilField(copy, field, pickEvenly(all, random), random);
  }
  return copy;
}

function spoilField(copy: Fields, field: LeadText, other: Fields, random: Random): void {
  const chance = random();
  const value = copy[field]!;
  if (chance < 0.1) copy[field] = "";
  else if (chance < 0.17) copy[field] = other[field] ?? "";
  else if (chance < 0.22 && copy.givenName && copy.surname && (field === "givenName" || field === "surname")) {
    [copy.givenName, copy.surname] = [copy.surname, copy.givenName];
  } else if (chance < 0.27 && field === "street" && copy.addressLine !== undefined) {
    [copy.street, copy.addressLine] = [copy.addressLine, value];
  } else copy[field] = /^\d+$/.test(value) ? misdial(value, random) : mistouch(value, random);
}

function misdial(digits: string, random: Random): string {
  const at = Math.floor(random() * digits.length);
  if (random() < 0.4 && at + 1 < digits.length) {
    return digits.slice(0, at) + digits[at + 1]! + digits[at]! + digits.slice(at + 2);
  }
  return digits.slice(0, at) + String(Math.floor(random() * 10)) + digits.slice(at + 1);
}

function mistouch(value: string, random: Random): string {
  if (value.length < 3) return value;
  if (random() < 0.15) {
    if (value.includes(" ")) return value.replace(" ", "");
    const at = 1 + Math.floor(random() * (value.length - 1));
    return `${value.slice(0, at)} ${value.slice(at)}`;
  }
  return mistype(value, random);
}
