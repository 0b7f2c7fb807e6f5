import { expect, test } from "vitest";
import { createKeptAnswers } from "./kept-answers.ts";

function open() {
  const gone: string[] = [];
  const kept = createKeptAnswers({
    cache: { remove: async (partition, key) => void gone.push(`${partition}/${key}`) },
    semantic: { evict: async (entryId) => gone.push(entryId) > 0 },
  });
  return { kept, gone };
}

test("forgets by request, in both caches, and only what is its own", async () => {
  const { kept, gone } = open();
  const [mine, other] = [
    { partition: "me", key: "k" },
    { partition: "you", key: "k" },
  ];
  kept.note("r1", mine);
  kept.note("r2", other);
  kept.noteEntry(mine, "entry of mine");
  expect([await kept.forget("r1"), await kept.forget("never seen")]).toEqual([true, false]);
  expect(gone).toEqual(["me/k", "entry of mine"]);
});

test("remembers the last 5,000 calls", async () => {
  const { kept, gone } = open();
  for (let index = 0; index <= 5_000; index += 1) kept.note(`r${index}`, { partition: "p", key: `k${index}` });
  expect([await kept.forget("r0"), await kept.forget("r1")]).toEqual([false, true]);
  expect(gone).toEqual(["p/k1"]);
});
