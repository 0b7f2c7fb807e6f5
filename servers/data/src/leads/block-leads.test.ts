import { expect, test } from "vitest";
import { blockLeads } from "./block-leads.ts";
import { normaliseLead } from "./normalise-lead.ts";
import { makePeople } from "./testing/make-lead-set.ts";

test("nearly all pairs of one person are compared, and few others", () => {
  const { records, clusters } = makePeople(600, 21);
  const pairs = blockLeads(records.map((record) => normaliseLead(record)));
  const subjectOf = new Map(clusters.flatMap((ids, subject) => ids.map((id) => [id, subject] as const)));
  const right = pairs.filter(([a, b]) => {
    const subject = subjectOf.get(records[a]!.id);
    return subject !== undefined && subject === subjectOf.get(records[b]!.id);
  });
  const wanted = clusters.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  expect(right.length / wanted).toBeGreaterThan(0.97);
  expect(pairs.length).toBeLessThan((records.length * records.length) / 50);
});

test("a value that everybody has does not bring the work to its square", () => {
  const records = Array.from({ length: 2000 }, (_, index) =>
    normaliseLead({
      id: String(index),
      givenName: "Unknown",
      surname: "Unknown",
      birthDate: "19000101",
      city: `Town ${index % 3}`,
    }),
  );
  const pairs = blockLeads(records);
  expect(pairs.length).toBeLessThan(records.length * 100);
  expect(new Set(pairs.map(([a, b]) => `${a}|${b}`)).size).toBe(pairs.length);
  expect(pairs.every(([a, b]) => a < b)).toBe(true);
});
