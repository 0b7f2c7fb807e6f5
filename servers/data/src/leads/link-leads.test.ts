import { describe, expect, test } from "vitest";
import { scoreGroups } from "../dedup/testing/score-groups.ts";
import type { LeadRecord } from "./lead-record.ts";
import { linkLeads } from "./link-leads.ts";
import { makePeople, makeSites } from "./testing/make-lead-set.ts";

test("persons with up to ten errors in a record are found, relatives are told apart", () => {
  const { records, clusters } = makePeople(600, 31);
  const { precision, f1 } = scoreGroups(linkLeads(records).clusters, clusters);
  expect(precision).toBeGreaterThanOrEqual(0.98);
  expect(f1).toBeGreaterThanOrEqual(0.97);
});

test("sites as several directories write them are found, branches of one chain are told apart", () => {
  const { records, clusters } = makeSites(250, 32);
  const { precision, f1 } = scoreGroups(linkLeads(records).clusters, clusters);
  expect(precision).toBeGreaterThanOrEqual(0.98);
  expect(f1).toBeGreaterThanOrEqual(0.9);
});

describe("a short list", () => {
  const anna: LeadRecord = {
    id: "1",
    name: "Anna Lindqvist",
    email: "anna@example.com",
    phone: "+46 8 123 456 78",
    city: "Stockholm",
  };

  test("is linked with its reasons", () => {
    const { clusters, matches } = linkLeads([
      anna,
      { id: "2", name: "Lindqvist, Anna", phone: "08-123 456 78", city: "Stockholm" },
      { id: "3", name: "Erik Berg", email: "erik@example.com", city: "Stockholm" },
    ]);
    expect(clusters).toEqual([["1", "2"]]);
    expect(matches).toHaveLength(1);
    expect(matches[0]).toMatchObject({ recordA: "1", recordB: "2" });
    expect(matches[0]!.probability).toBeGreaterThan(0.8);
    expect(matches[0]!.reasons.map(({ field }) => field)).toEqual(
      expect.arrayContaining(["surname", "givenName", "phone", "city"]),
    );
    expect(matches[0]!.reasons.some(({ field }) => field === "email")).toBe(false);
  });

  test("stays apart where a person said so", () => {
    const twin = { ...anna, id: "2" };
    expect(linkLeads([anna, twin]).clusters).toEqual([["1", "2"]]);
    expect(linkLeads([anna, twin], { keptApart: [["2", "1"]] }).clusters).toEqual([]);
  });

  test("one common name makes no match", () => {
    expect(
      linkLeads([
        { id: "1", name: "Anna Berg" },
        { id: "2", name: "Anna Lund" },
        { id: "3", givenName: "Anna" },
      ]).clusters,
    ).toEqual([]);
  });

  test.each([[[]], [[anna]], [[{ id: "1" }, { id: "2" }]]])("without pairs: %j", (records) => {
    expect(linkLeads(records)).toEqual({ matches: [], clusters: [] });
  });
});

test("unfit lists are refused with the way out", () => {
  expect(() => linkLeads([{ id: "1" }, { id: "1" }])).toThrow("Two records have the same id.");
  const many = Array.from({ length: 20_001 }, (_, index) => ({ id: String(index) }));
  expect(() => linkLeads(many)).toThrow("at most 20,000 records");
});

test("the order of records does not matter", () => {
  const { records } = makePeople(120, 33);
  const asSets = (list: string[][]): string[] => list.map((ids) => ids.toSorted().join()).toSorted();
  // The chance levels are measured on another sample of pairs then: a pair at the very threshold may fall to either side.
  const one = new Set(asSets(linkLeads(records).clusters));
  const other = asSets(linkLeads(records.toReversed()).clusters);
  expect(other.filter((cluster) => !one.has(cluster)).length).toBeLessThanOrEqual(Math.ceil(other.length * 0.05));
});
