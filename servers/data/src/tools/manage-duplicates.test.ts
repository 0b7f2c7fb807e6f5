import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { manageDuplicates } from "./manage-duplicates.ts";

test("plans at low risk, and says to the store what was decided and by whom", async () => {
  const told: string[] = [];
  const documents = ["a", "b"].map((documentId) => ({ documentId, url: "", title: null, source: "direct" }));
  const duplicates = {
    find: async () => ({ groupId: "a", representative: "a", documents, edges: [] }),
    split: async (id: string, caller: string) => void told.push(`split ${id} by ${caller}`),
    rejoin: async (id: string) => void told.push(`rejoin ${id}`),
  };
  const context = toolContext({ duplicates, storeMode: "local" as const });
  for (const action of ["split", "rejoin"] as const) {
    const plan = await manageDuplicates.plan({ documentId: "b", action }, context);
    expect(plan.risk).toBe("low");
    await manageDuplicates.apply({ documentId: "b", action }, plan, context);
  }
  expect(told).toEqual([`split b by ${context.caller.id}`, "rejoin b"]);
});
