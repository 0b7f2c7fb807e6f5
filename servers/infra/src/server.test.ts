import { testCatalogue } from "@sophia/core/testing/catalogue-contract";
import { startTestServer } from "@sophia/core/testing/test-server";
import { expect, it } from "vitest";
import { infraServer } from "./server.ts";
import { fakeServices } from "./testing/fake-services.ts";

it("lists its tools with apply_change, and shows a caller who may only read no change", async () => {
  const test = await startTestServer({ definition: infraServer, services: fakeServices() });
  const { write, read } = test.table.listed;
  await test.close();
  expect(write.tools.map((tool) => tool.name)).toEqual([
    "get_status",
    "list_resources",
    "diagnose",
    "plan_change",
    "apply_change",
    "find_tools",
    "run_tool",
  ]);
  expect(read.tools.map((tool) => tool.name)).not.toContain("plan_change");
});

testCatalogue(infraServer, import.meta.dirname);
