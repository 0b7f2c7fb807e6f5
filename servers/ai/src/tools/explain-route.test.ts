import type { Candidate } from "@sophia/core/routing/candidate";
import { createEndpointHealth } from "@sophia/core/routing/create-endpoint-health";
import { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createQualityEstimator } from "@sophia/core/routing/quality-estimator";
import { createRouter } from "@sophia/core/routing/router";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import { estimateUsage } from "../domain/chat-request.ts";
import type { RouteExplainer, RouteQuestion } from "../routing/route-explainer.ts";
import { explainRoute } from "./explain-route.ts";

const candidate = (model: string, usdPerMillion: number): Candidate => ({
  id: `openrouter ${model}`,
  endpointId: "openrouter",
  service: "openrouter",
  mode: "live",
  model,
  family: model,
  supports: { vision: model === "strong" },
  dataPolicy: "any",
  price: { inputUsdPerMillion: usdPerMillion, outputUsdPerMillion: usdPerMillion, known: true, asOf: "2026-01-01" },
});

function createContext(models: readonly Candidate[]) {
  const clock = createVirtualClock();
  const memory = new OutcomeMemory();
  for (let index = 0; index < 60; index += 1) {
    memory.put({
      id: `past-${index}`,
      at: clock.now(),
      category: "general",
      vector: Float32Array.of(1, 0),
      embeddingModelId: "e",
      scores: [
        { family: "cheap", score: index % 2, trust: 1 },
        { family: "strong", score: 1, trust: 1 },
      ],
    });
  }
  const quality = createQualityEstimator({ memory });
  const router = createRouter({ quality, health: createEndpointHealth({ clock }), clock, random: Math.random });
  const asked: RouteQuestion[] = [];
  const routes: RouteExplainer = {
    async explain(question) {
      asked.push(question);
      const { request, category = "general" } = question;
      const content = request.messages.at(-1)?.["content"];
      return router.route(
        {
          caller: "c",
          category,
          vector: Float32Array.of(1, 0),
          embeddingModelId: "e",
          expected: estimateUsage(request),
          needs: { tools: false, json: false, vision: Array.isArray(content) },
          model: request.model,
          now: clock.now(),
        },
        models,
        { dryRun: true },
      );
    },
  };
  const context = {
    services: { routes },
    caller: { id: "c1", name: "tester", scopes: ["read" as const] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return { context, asked };
}

const run = (input: unknown, { context } = createContext([candidate("strong", 10), candidate("cheap", 1)])) =>
  explainRoute.run(explainRoute.input.parse(input), context);

test("shows the route in its order, why each lost, and the judged answers nearby", async () => {
  const output = explainRoute.output.parse(await run({ prompt: "Prove it.", maxTokens: 1_000 }));
  expect(explainRoute.render?.({ ...output, decidedInMs: 0 })).toMatchInlineSnapshot(`
    "Policy quality, floor 0.969.
    1. strong at openrouter: chosen, the cheapest that is good enough, score 1 (at least 0.989), 0.0101 USD
    2. cheap at openrouter: fallback, may not be good enough: at least 0.43 is expected, 0.97 is wanted, score 0.5 (at least 0.435), 0.00101 USD
    Similar prompts: strong 1 (similarity 1); strong 1 (similarity 1); strong 1 (similarity 1); strong 1 (similarity 1); strong 1 (similarity 1)."
  `);
  expect(output.candidates[0]).toMatchObject({ outcomesNearby: 60, state: "closed" });
});

test("a need is asked as in a true request, and what lacks it is excluded with the reason", async () => {
  const world = createContext([candidate("cheap", 1), candidate("strong", 10)]);
  const output = await run({ prompt: "What is on it?", needs: ["vision", "tools", "json"], system: "s" }, world);
  expect(output.candidates.map(({ model, verdict, reason }) => [model, verdict, reason])).toEqual([
    ["strong", "chosen", "the cheapest that is good enough"],
    ["cheap", "excluded", "cannot see images"],
  ]);
  expect(world.asked[0]?.request).toMatchObject({
    tools: [{}],
    response_format: { type: "json_object" },
    messages: [{ role: "system" }, { role: "user", content: [{ type: "text" }, { type: "image_url" }] }],
  });
});

test("a named model, a long catalogue, and none at all", async () => {
  expect(await run({ prompt: "x", model: "cheap" })).toMatchObject({
    policy: "named",
    candidates: [{ model: "cheap" }, { verdict: "excluded", reason: "another model was named" }],
  });
  const many = createContext(Array.from({ length: 20 }, (_, index) => candidate(`m${index}`, index + 1)));
  const output = explainRoute.output.parse(await run({ prompt: "x", limit: 3 }, many));
  expect(output).toMatchObject({ totalCandidates: 20, policy: "default" });
  expect(explainRoute.render?.(output)).toContain("… and 17 more.");
  await expect(run({ prompt: "x" }, createContext([]))).rejects.toMatchObject({ kind: "not_found" });
});
