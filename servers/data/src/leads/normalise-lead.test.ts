import { describe, expect, test } from "vitest";
import type { LeadField, LeadText } from "./lead-record.ts";
import { normaliseLead } from "./normalise-lead.ts";

const read = (field: LeadText, value: string, of: LeadField): string => normaliseLead({ id: "1", [field]: value })[of];

describe("one spelling", () => {
  test.each<[LeadText, string, LeadField, string]>([
    ["name", "Dr. Maria van Berg", "surname", "berg"],
    ["name", "Smith, John Jr.", "givenName", "john"],
    ["name", "Smith, John Jr.", "surname", "smith"],
    ["organisation", "The Acme Company, Inc.", "organisation", "acme"],
    ["organisation", "Müller & Söhne GmbH", "organisation", "muller sohne"],
    ["organisation", "A.B.C. Ltd", "organisation", "abc"],
    ["organisation", "Company Ltd", "organisation", "company ltd"],
    ["email", " John.Smith+news@Gmail.com ", "email", "johnsmith@gmail.com"],
    ["email", "John.Smith@Example.org", "email", "john.smith@example.org"],
    ["email", "no address", "email", ""],
    ["phone", "+1 (312) 555-0123 ext. 7", "phone", "3125550123"],
    ["phone", "0044 20 7946 0958", "phone", "2079460958"],
    ["phone", "+44 (0)20 7946 0958", "phone", "2079460958"],
    ["phone", "020 7946 0958", "phone", "2079460958"],
    ["phone", "000-0000", "phone", ""],
    ["birthDate", "19530306", "birthDate", "19530306"],
    ["birthDate", "1953-3-6", "birthDate", "19530306"],
    ["birthDate", "06/03/1953", "birthDate", "19530306"],
    ["birthDate", "03/16/1953", "birthDate", "19530316"],
    ["birthDate", "unknown", "birthDate", ""],
    ["street", "1200 N. State St.", "street", "north state street"],
    ["street", "1200 N. State St.", "houseNumber", "1200"],
    ["street", "Hauptstraße 12a", "houseNumber", "12a"],
    ["street", "Hauptstr. 12a", "street", "haupt street"],
    ["website", "HTTP://www.Example.com/about", "website", "example.com"],
    ["website", "example.com", "website", "example.com"],
    ["website", "none", "website", ""],
    ["postcode", "SW1A 1AA", "postcode", "sw1a1aa"],
  ])("%s %s → %s %s", (field, value, of, expected) => {
    expect(read(field, value, of)).toBe(expected);
  });
});

test("parts of a name and a house number given by themselves come first", () => {
  const lead = normaliseLead({
    id: "1",
    name: "Someone Else",
    surname: "Berg",
    street: "12 High Street",
    houseNumber: "7",
  });
  expect(lead).toMatchObject({ givenName: "", surname: "berg", houseNumber: "7", street: "12 high street" });
});
