import fc from "fast-check";
import { expect, test } from "vitest";
import { buildPreferences } from "./preferences.ts";

test("nothing written and nothing wished is nothing sent", () => {
  expect(buildPreferences(undefined, {})).toBeUndefined();
  expect(buildPreferences(null, { dataPolicy: "any", qualityFloor: 0.5 })).toBeUndefined();
});

test.each([
  ["no_training", { data_collection: "deny" }],
  ["zero_retention", { data_collection: "deny", zdr: true }],
  ["local", { data_collection: "deny", zdr: true }],
] as const)("the policy %s", (dataPolicy, expected) => {
  expect(buildPreferences({ zdr: false, data_collection: "allow" }, { dataPolicy })).toMatchObject(expected);
});

test("a wish makes what was written stricter, never looser", () => {
  const price = fc.record({ prompt: fc.nat(50), completion: fc.nat(50) });
  fc.assert(
    fc.property(price, price, (own, wished) => {
      const maxPrice = { inputUsdPerMillion: wished.prompt, outputUsdPerMillion: wished.completion };
      const written = { max_price: { prompt: String(own.prompt), completion: String(own.completion) } };
      expect(buildPreferences(written, { maxPrice })?.max_price).toEqual({
        prompt: String(Math.min(own.prompt, wished.prompt)),
        completion: String(Math.min(own.completion, wished.completion)),
      });
    }),
  );
  expect(buildPreferences({ quantizations: ["int4", "fp8"] }, { qualityFloor: 0.9 })?.quantizations).toEqual(["fp8"]);
  expect(buildPreferences({ sort: "price" }, { prefer: "latency" })?.sort).toBe("price");
});
