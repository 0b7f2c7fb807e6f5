import type { LeadField, NormalLead } from "./lead-record.ts";
import { countEdits, jaroWinkler } from "./string-similarity.ts";

/** How far two values of a field agree. `missing` says nothing for or against. */
export const levels = ["exact", "near", "similar", "different", "missing"] as const;
export type Level = (typeof levels)[number];

export type Comparison = Record<LeadField, Level>;

type Kind = "name" | "words" | "digits" | "date" | "code" | "address";

/** How each field is compared. */
export const kindOf: Record<LeadField, Kind> = {
  givenName: "name",
  surname: "name",
  organisation: "words",
  email: "address",
  phone: "digits",
  birthDate: "date",
  houseNumber: "digits",
  street: "words",
  addressLine: "words",
  city: "words",
  postcode: "digits",
  region: "code",
  website: "address",
  identifier: "digits",
};

export const leadFields = Object.keys(kindOf) as LeadField[];
/** Fields that people and forms put in each other's place. */
const exchangeable: [LeadField, LeadField][] = [
  ["givenName", "surname"],
  ["street", "addressLine"],
];

export function compareLeads(a: NormalLead, b: NormalLead): Comparison {
  const found = {} as Comparison;
  for (const field of leadFields) found[field] = compareValues(kindOf[field], a[field], b[field]);
  for (const [one, other] of exchangeable) {
    if (found[one] !== "different" && found[other] !== "different") continue;
    const crossed = [compareValues(kindOf[one], a[one], b[other]), compareValues(kindOf[other], a[other], b[one])];
    if (!crossed.every((level) => level === "exact" || level === "near")) continue;
    // In the wrong place a value agrees less than in its own.
    found[one] = "near";
    found[other] = "near";
  }
  return found;
}

export function compareValues(kind: Kind, a: string, b: string): Level {
  if (a === "" || b === "") return "missing";
  if (a === b) return "exact";
  if (kind === "name") return nameLevel(a, b);
  if (kind === "words") return wordsLevel(a, b);
  if (kind === "digits") return digitsLevel(a, b);
  if (kind === "date") return dateLevel(a, b);
  if (kind === "address") return countEdits(a, b, 1) <= 1 ? "near" : "different";
  return countEdits(a, b, 1) <= 1 && a.length > 2 ? "near" : "different";
}

function nameLevel(a: string, b: string): Level {
  if ((a.length === 1 || b.length === 1) && a[0] === b[0]) return "similar";
  const likeness = jaroWinkler(a.replaceAll(" ", ""), b.replaceAll(" ", ""));
  if (likeness >= 0.9 || countEdits(a, b, 1) <= 1) return "near";
  return likeness >= 0.8 || wordsLikeness(a, b) >= 0.6 ? "similar" : "different";
}

function wordsLevel(a: string, b: string): Level {
  const joined = jaroWinkler(a.replaceAll(" ", ""), b.replaceAll(" ", ""));
  const likeness = wordsLikeness(a, b);
  if (joined >= 0.94 || likeness >= 0.85) return "near";
  return joined >= 0.86 || likeness >= 0.5 ? "similar" : "different";
}

/** Share of words that agree, read tolerantly; a longer name loses no more than for two words. 0 for a single word. */
function wordsLikeness(a: string, b: string): number {
  const [wordsA, wordsB] = [a.split(" "), b.split(" ")];
  const [short, long] = wordsA.length <= wordsB.length ? [wordsA, wordsB] : [wordsB, wordsA];
  if (short.length < 2) return 0;
  const left = [...long];
  for (const word of short) {
    const at = left.findIndex((other) => isSameWord(word, other));
    if (at !== -1) left.splice(at, 1);
  }
  const agreed = long.length - left.length;
  return (2 * agreed) / (short.length + Math.min(long.length, short.length + 2));
}

function isSameWord(a: string, b: string): boolean {
  if (a === b) return true;
  // Most words differ in length and both first letters: those need no closer look.
  if (a.length < 4 || Math.abs(a.length - b.length) > 2 || (a[0] !== b[0] && a[1] !== b[1])) return false;
  return jaroWinkler(a, b) >= 0.9;
}

function digitsLevel(a: string, b: string): Level {
  const allowed = Math.min(a.length, b.length) >= 6 ? 2 : 1;
  const edits = countEdits(a, b, allowed);
  if (edits === 1) return "near";
  return edits <= allowed ? "similar" : "different";
}

function dateLevel(a: string, b: string): Level {
  if (countEdits(a, b, 1) <= 1) return "near";
  const exchanged = a.slice(0, 4) + a.slice(6) + a.slice(4, 6);
  if (exchanged === b) return "near";
  const sameParts = [a.slice(0, 4) === b.slice(0, 4), a.slice(4, 6) === b.slice(4, 6), a.slice(6) === b.slice(6)];
  return sameParts.filter(Boolean).length === 2 || countEdits(a, b, 2) <= 2 ? "similar" : "different";
}
