import fc from "fast-check";
import { expect, it } from "vitest";
import { editDistance, suggestName, suggestSetting } from "./suggest-name.ts";

it("suggests the nearest name, at most two slips away", () => {
  const names = ["SOPHIA_DATA_DIR", "SOPHIA_HOST", "SOPHIA_PORT_AI", "SOPHIA_PORT_BI"];
  expect(suggestName("SOPHIA_DATA_DRI", names)).toBe("SOPHIA_DATA_DIR");
  expect(suggestName("SOPHIA_HOTS", names)).toBe("SOPHIA_HOST");
  expect(suggestName("SOPHIA_PORT_IA", names)).toBe("SOPHIA_PORT_AI");
  expect(suggestName("SOPHIA_DATA_FEEDS", names)).toBeUndefined();
});

it("suggests the setting that was meant, in another order, cut off or drawn out", () => {
  const names = ["SOPHIA_DATA_DIR", "SOPHIA_DATABASE_URL", "SOPHIA_PORT_AI", "SOPHIA_READ_ONLY"];
  const meant = {
    SOPHIA_AI_PORT: "SOPHIA_PORT_AI",
    SOPHIA_AI_PROT: "SOPHIA_PORT_AI",
    SOPHIA_DATABASE: "SOPHIA_DATABASE_URL",
    SOPHIA_DATA: "SOPHIA_DATA_DIR",
    SOPHIA_DATA_DIRECTORY: "SOPHIA_DATA_DIR",
    SOPHIA_READ_ONLY_MODE: "SOPHIA_READ_ONLY",
    SOPHIA_READONLY: "SOPHIA_READ_ONLY",
    SOPHIA_BI_FOLDER: undefined,
  };
  expect(Object.fromEntries(Object.keys(meant).map((name) => [name, suggestSetting(name, names)]))).toEqual(meant);
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
