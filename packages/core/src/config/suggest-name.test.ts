import fc from "fast-check";
import { expect, it } from "vitest";
import { editDistance, suggestName } from "./suggest-name.ts";

it("suggests the nearest name, at most two slips away", () => {
  const names = ["SOPHIA_DATA_DIR", "SOPHIA_HOST", "SOPHIA_PORT_AI", "SOPHIA_PORT_BI"];
  expect(suggestName("SOPHIA_DATA_DRI", names)).toBe("SOPHIA_DATA_DIR");
  expect(suggestName("SOPHIA_HOTS", names)).toBe("SOPHIA_HOST");
  expect(suggestName("SOPHIA_PORT_IA", names)).toBe("SOPHIA_PORT_AI");
  expect(suggestName("SOPHIA_DATA_FEEDS", names)).toBeUndefined();
});

it("measures a distance: zero only for equals, symmetric, one for one slip", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === editDistance(b, a)));
  fc.assert(fc.property(word, word, (a, b) => (editDistance(a, b) === 0) === (a === b)));
  fc.assert(
    fc.property(word, fc.nat(12), (a, at) => {
      const cut = Math.min(at, a.length);
      return editDistance(a, `${a.slice(0, cut)}#${a.slice(cut)}`) === 1;
    }),
  );
});
