import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { expect, test } from "vitest";
import { startApify } from "../testing/simulated-vendors.ts";
import { toolContext } from "../testing/tool-context.ts";
import { getDatasetItems } from "./get-dataset-items.ts";
import { getRun } from "./get-run.ts";

test("waits for a run, shows its log as untrusted, and its items page by page", async () => {
  const { apify } = await startApify();
  const signal = new AbortController().signal;
  const context = toolContext({ vendors: { apify } });
  const input = { startUrls: corpus.slice(0, 3).map(({ url }) => ({ url })) };
  const target = { actor: "apify~website-content-crawler" };
  const started = await apify.client.startRun({ target, input, tag: "test-run-1", timeoutSecs: 60 }, signal);
  if (started.outcome !== "started") throw new Error("not started");
  const wish = { runId: started.run.id, waitSeconds: 10, wantLog: true };
  const run = getRun.output.parse(await getRun.run(getRun.input.parse(wish), context));
  expect(run).toMatchObject({ status: "SUCCEEDED", isFinal: true, source: { service: "apify", mode: "simulated" } });
  expect(getRun.render?.(run)).toMatch(/SUCCEEDED[\s\S]*untrusted/i);
  const read = async (more: object) =>
    getDatasetItems.output.parse(
      await getDatasetItems.run(getDatasetItems.input.parse({ datasetId: run.datasetId, ...more }), context),
    );
  const first = await read({ limit: 2, fields: ["url"] });
  const rest = await read({ limit: 2, fields: ["url"], cursor: first.nextCursor });
  expect(first.items.length + rest.items.length).toBe(first.total);
  expect(Object.keys(first.items[0] ?? {})).toEqual(["url"]);
  expect((await read({ describe: true })).fields?.join()).toContain("url");
});
