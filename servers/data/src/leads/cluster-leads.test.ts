import { expect, test } from "vitest";
import { clusterLeads } from "./cluster-leads.ts";

const pair = (a: number, b: number, bits = 20) => ({ a, b, bits });
const excessOf = (links: readonly { a: number; b: number; bits: number }[]) => (a: number, b: number) =>
  links.find((link) => (link.a === a && link.b === b) || (link.a === b && link.b === a))?.bits ?? -15;

test("pairs become clusters", () => {
  const links = [pair(0, 1), pair(1, 2), pair(0, 2), pair(5, 6)];
  expect(clusterLeads(links, excessOf(links))).toEqual([
    [0, 1, 2],
    [5, 6],
  ]);
});

test("a chain of weak links does not become one subject", () => {
  const links = [pair(0, 1, 30), pair(2, 3, 30), pair(1, 2, 2)];
  expect(clusterLeads(links, excessOf(links))).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test("what a person kept apart stays apart", () => {
  const links = [pair(0, 1), pair(1, 2), pair(0, 2)];
  expect(clusterLeads(links, excessOf(links), [[2, 0]])).toEqual([[0, 1]]);
});
