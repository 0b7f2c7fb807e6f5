import { describe, expect, test } from "vitest";
import { compareLeads, compareValues, kindOf, type Level } from "./compare-leads.ts";
import type { LeadField } from "./lead-record.ts";
import { normaliseLead } from "./normalise-lead.ts";

describe("levels", () => {
  test.each<[LeadField, string, string, Level]>([
    ["surname", "smith", "smith", "exact"],
    ["surname", "smith", "smiht", "near"],
    ["surname", "smith", "jones", "different"],
    ["surname", "", "jones", "missing"],
    ["givenName", "j", "john", "similar"],
    ["city", "golden grove", "golden rgove", "near"],
    ["city", "tingalpa", "tings lpa", "similar"],
    ["organisation", "north side day care", "chicago schools north side day care", "similar"],
    ["organisation", "saint anne school", "green valley farm", "different"],
    ["postcode", "2227", "2272", "near"],
    ["postcode", "2227", "2353", "different"],
    ["identifier", "6988048", "6988148", "near"],
    ["birthDate", "19120111", "19120112", "near"],
    ["birthDate", "19120304", "19120403", "near"],
    ["birthDate", "19120304", "19880304", "similar"],
    ["birthDate", "19120304", "19880519", "different"],
    ["region", "nsw", "nws", "near"],
    ["region", "sa", "wa", "different"],
    ["email", "a@example.com", "b@example.org", "different"],
  ])("%s: %s, %s: %s", (field, a, b, level) => {
    expect(compareValues(kindOf[field], a, b)).toBe(level);
    expect(compareValues(kindOf[field], b, a)).toBe(level);
  });
});

test("names and address lines in each other's place agree", () => {
  const found = compareLeads(
    normaliseLead({
      id: "1",
      givenName: "Aloysius",
      surname: "Pegg",
      street: "Meldrum Street",
      addressLine: "Forster Centre",
    }),
    normaliseLead({
      id: "2",
      givenName: "Pegg",
      surname: "Aloysius",
      street: "Forster Centre",
      addressLine: "Meldrum St",
    }),
  );
  expect(found).toMatchObject({ givenName: "near", surname: "near", street: "near", addressLine: "near" });
});
