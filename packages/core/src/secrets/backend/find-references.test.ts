import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findReferences } from "./find-references.ts";

describe("the environments a definition names", () => {
  it("lists imports in both forms, and what it refers to", () => {
    const source = [
      "imports:",
      "  - sophia/base",
      "  - sophia/stores-production@3: { merge: false }",
      "  - &again other",
      "  - *again",
      "values:",
      '  url: ${environments.shop.main.url}/${environments.shop["a b"].path}',
    ].join("\n");
    expect(findReferences(source)).toEqual([
      "sophia/base",
      "sophia/stores-production@3",
      "other",
      "shop/main",
      "shop/a b",
    ]);
  });

  it("finds nothing in what is no definition", () => {
    for (const source of ["", "a: [", "- 1", "imports: 4", "imports: [1, [], {}]", "text"]) {
      expect(findReferences(source)).toEqual([]);
    }
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(findReferences(`imports:\n  - ${text}`))));
  });
});
