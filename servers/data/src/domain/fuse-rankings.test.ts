import { expect, test } from "vitest";
import { fuseRankings } from "./fuse-rankings.ts";

test("what stands high in both lists comes first; first in both is 1", () => {
  const fused = fuseRankings([
    { keys: ["a", "b", "c"], weight: 1 },
    { keys: ["b", "d"], weight: 1 },
  ]);
  expect(fused.map(({ key }) => key)).toEqual(["b", "a", "d", "c"]);
  expect(
    fuseRankings([
      { keys: ["a"], weight: 1 },
      { keys: ["a"], weight: 1 },
    ]),
  ).toEqual([{ key: "a", score: 1 }]);
  expect(fuseRankings([])).toEqual([]);
});
