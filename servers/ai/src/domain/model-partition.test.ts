import { expect, test } from "vitest";
import { findModelPartition, toModelPartition } from "./model-partition.ts";

test("an entry goes where it would lie, had the other model made its vector", () => {
  const partition = toModelPartition("abc", "use-lite 2");
  expect(findModelPartition({ partition, modelId: "use-lite 2" }, "bge")).toBe(toModelPartition("abc", "bge"));
  expect(findModelPartition({ partition: "abc", modelId: "use-lite 2" }, "bge")).toBeUndefined();
});
