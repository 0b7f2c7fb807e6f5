import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { getPhantomOutput } from "./get-phantom-output.ts";

test("a long result is cut, and a run that is on its way has none", async () => {
  const run = { id: "1", status: "running", isEnded: false, isSuccess: false, createdAt: 0 };
  const client = {
    waitForContainer: async () => run,
    getResult: async () => [{ text: "x".repeat(20_000) }],
    getOutput: async () => "log ".repeat(5_000),
  };
  const vendors = { phantombuster: { client, mode: "live" as const } };
  const context = toolContext({ vendors }) as unknown as Parameters<typeof getPhantomOutput.run>[1];
  const output = await getPhantomOutput.run(getPhantomOutput.input.parse({ containerId: "1" }), context);
  expect(output).not.toHaveProperty("result");
  expect(output.log).toHaveLength(8_000);
  run.isEnded = true;
  const ended = await getPhantomOutput.run(getPhantomOutput.input.parse({ containerId: "1" }), context);
  expect(ended.result).toHaveLength(8_000);
});
