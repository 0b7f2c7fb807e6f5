import { expect, test } from "vitest";
import type { DataPolicy } from "./candidate.ts";
import { promisesEnough } from "./data-policy.ts";

const fromLoosest: readonly DataPolicy[] = ["any", "no_training", "zero_retention", "local"];

test.each(
  fromLoosest.flatMap((promised, given) =>
    fromLoosest.map((demanded, wanted) => ({ promised, given, demanded, wanted })),
  ),
)("$promised where $demanded is demanded", ({ promised, given, demanded, wanted }) => {
  expect(promisesEnough(promised, demanded)).toBe(given >= wanted);
});
