import { expect, test } from "vitest";
import { startPhantombuster } from "../testing/simulated-vendors.ts";
import { toolContext } from "../testing/tool-context.ts";
import { getPhantomOutput } from "./get-phantom-output.ts";
import { listPhantoms } from "./list-phantoms.ts";

test("lists agents, and what a run of one came to", async () => {
  const { phantombuster } = await startPhantombuster();
  const context = toolContext({ vendors: { phantombuster } });
  const { agents, slots, source } = listPhantoms.output.parse(await listPhantoms.run({}, context));
  expect(agents.length).toBeGreaterThan(1);
  expect([slots > 0, source.mode]).toEqual([true, "simulated"]);
  const agentId = agents[0]?.agentId ?? "";
  const signal = new AbortController().signal;
  const launched = await phantombuster.client.launch({ agentId, bonusArgument: {}, tag: "test-launch-1" }, signal);
  if (launched.outcome !== "launched") throw new Error("not launched");
  const read = async (input: object) =>
    getPhantomOutput.output.parse(await getPhantomOutput.run(getPhantomOutput.input.parse(input), context));
  const ended = await read({ containerId: launched.containerId, waitSeconds: 20 });
  expect(ended.runs).toMatchObject([{ isEnded: true, containerId: launched.containerId }]);
  expect((await read({ agentId })).runs.map(({ containerId }) => containerId)).toContain(launched.containerId);
});
