import { expect, test } from "vitest";
import { startApify } from "../testing/simulated-vendors.ts";
import { toolContext } from "../testing/tool-context.ts";
import { listActors } from "./list-actors.ts";

test("finds Actors page by page, and one with its input's schema", async () => {
  const context = toolContext({ vendors: await startApify() });
  const run = async (input: object) =>
    listActors.output.parse(await listActors.run(listActors.input.parse(input), context));
  const first = await run({ search: "a", limit: 1 });
  expect(first).toMatchObject({ actors: [{ actor: expect.stringContaining("~") }], source: { mode: "simulated" } });
  const second = await run({ search: "a", limit: 1, cursor: first.nextCursor });
  expect(second.actors[0]?.actor).not.toBe(first.actors[0]?.actor);
  const { actors } = await run({ actor: "apify~website-content-crawler" });
  expect(actors[0]?.inputSchema).toBeDefined();
});

test("without a key it says how to get there", async () => {
  const context = toolContext({ vendors: { apify: undefined } });
  await expect(listActors.run(listActors.input.parse({}), context)).rejects.toMatchObject({
    kind: "not_configured",
    hint: expect.stringContaining("APIFY_TOKEN"),
  });
});
