import { describe, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import type { Candidate } from "./candidate.ts";
import { createEndpointHealth } from "./create-endpoint-health.ts";
import { createFallback } from "./fallback.ts";
import { OutcomeMemory } from "./outcome-memory.ts";
import { createQualityEstimator } from "./quality-estimator.ts";
import { createRouter, type RouterOptions } from "./router.ts";
import type { RouteRequest } from "./route.ts";
import { createSeededRandom } from "./seeded-random.ts";

const candidate = (family: string, usdPerMillion: number, more: Partial<Candidate> = {}): Candidate => ({
  id: `p ${family}`,
  endpointId: "p",
  service: "openrouter",
  mode: "live",
  model: family,
  family,
  supports: {},
  dataPolicy: "any",
  price: { inputUsdPerMillion: usdPerMillion, outputUsdPerMillion: usdPerMillion, known: true, asOf: "2026-01-01" },
  ...more,
});
const cheap = candidate("cheap", 1);
const strong = candidate("strong", 10);
const elsewhere = { id: "q strong", endpointId: "q", service: "together" };

function unit(angle: number): Float32Array {
  return Float32Array.of(Math.cos(angle), Math.sin(angle), 0, 0);
}

/** Prompts at angle 0 are easy for both models, prompts at a right angle only for the strong one. */
function createWorld(options: Partial<RouterOptions> & { outcomes?: number } = {}) {
  const clock = createVirtualClock();
  const memory = new OutcomeMemory();
  const random = createSeededRandom(1);
  for (let index = 0; index < (options.outcomes ?? 160); index += 1) {
    const isEasy = index % 2 === 0;
    memory.put({
      id: `past-${index}`,
      at: clock.now(),
      category: "c",
      vector: unit((isEasy ? 0 : Math.PI / 2) + 0.1 * random()),
      embeddingModelId: "e",
      scores: [
        { family: "cheap", score: isEasy ? 1 : 0.2, trust: 1 },
        { family: "strong", score: 0.95, trust: 1 },
      ],
    });
  }
  const health = createEndpointHealth({ clock });
  const quality = createQualityEstimator({ memory });
  const router = createRouter({ quality, health, clock, random, explorationShare: 0, ...options });
  const request = (more: Partial<RouteRequest> = {}): RouteRequest => ({
    caller: "c",
    category: "c",
    vector: unit(0.05),
    embeddingModelId: "e",
    expected: { inputTokens: 1_000, outputTokens: 200 },
    needs: { tools: false, json: false, vision: false },
    now: clock.now(),
    ...more,
  });
  return { clock, memory, health, router, request };
}

const hard = { vector: unit(Math.PI / 2) };
const ids = (targets: readonly Candidate[]) => targets.map(({ id }) => id);

describe("quality", () => {
  test("an easy prompt goes to the cheap model, a hard one to the strong one, the other stays behind it", () => {
    const { router, request } = createWorld();
    const easy = router.route(request(), [strong, cheap]);
    expect(easy).toMatchObject({ policy: "quality", propensity: 1 });
    expect(ids(easy.targets)).toEqual(["p cheap", "p strong"]);
    expect(ids(router.route(request(hard), [strong, cheap]).targets)).toEqual(["p strong", "p cheap"]);
  });

  test("says why each other candidate lost, and what it looked at", () => {
    const { router, request } = createWorld();
    const { considered, neighbours, floor } = router.route(request(hard), [strong, cheap]);
    expect(floor).toBeGreaterThan(0.85);
    expect(considered.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["chosen", "the cheapest that is good enough"],
      ["fallback", expect.stringMatching(/^may not be good enough: at least 0\.\d\d is expected, 0\.\d\d is wanted$/)],
    ]);
    expect(neighbours).toHaveLength(10);
    expect(neighbours[0]!.similarity).toBeGreaterThan(0.98);
  });

  test("a floor of the caller's own is obeyed, and where none reaches it the best is taken and said so", () => {
    const { router, request } = createWorld();
    expect(ids(router.route(request({ ...hard, qualityFloor: 0.1 }), [strong, cheap]).targets)[0]).toBe("p cheap");
    const { considered } = router.route(request({ qualityFloor: 0.999 }), [cheap]);
    expect(considered[0]?.reason).toBe("the best there is, though none reaches the floor for certain");
  });

  test("outcomes of another embedding model are not compared, the category's mean decides", () => {
    const { router, request } = createWorld();
    const decision = router.route(request({ embeddingModelId: "other" }), [strong, cheap]);
    expect(decision.neighbours).toEqual([]);
    expect(ids(decision.targets)[0]).toBe("p strong");
  });
});

describe("before enough is known", () => {
  test("the first that passes answers, the cheapest place of it first", () => {
    const { router, request } = createWorld({ outcomes: 10 });
    expect(router.route(request(), [strong, cheap])).toMatchObject({ policy: "default", targets: [strong, cheap] });
    const dear = candidate("cheap", 3, elsewhere);
    expect(router.route(request(), [dear, strong, cheap]).targets[0]).toBe(cheap);
  });

  test("a model without a price is never taken for being cheap", () => {
    const { router, request } = createWorld();
    const unpriced = candidate("cheap", 0, { price: { ...cheap.price, inputUsdPerMillion: 0, known: false } });
    const decision = router.route(request(), [unpriced, strong]);
    expect(decision.targets[0]).toBe(strong);
    expect(decision.considered[0]?.reason).toBe("its price is not known");
  });

  test("exploration takes its share, and its chance is written down", () => {
    const { router, request } = createWorld({ outcomes: 10, explorationShare: 0.1 });
    const decisions = Array.from({ length: 600 }, () => router.route(request(), [strong, cheap]));
    const explored = decisions.filter(({ policy }) => policy === "exploration");
    expect(explored.length / 600).toBeCloseTo(0.1, 1);
    expect(explored[0]).toMatchObject({ propensity: 0.1, targets: [cheap, strong] });
    expect(decisions.find(({ policy }) => policy === "default")?.propensity).toBe(0.9);
    expect(router.route(request(), [cheap, strong], { dryRun: true })).toMatchObject({
      policy: "default",
      propensity: 1,
    });
  });
});

describe("a named model", () => {
  test("is obeyed, wherever it is to be had and whatever it costs", () => {
    const { router, request } = createWorld();
    const dear = candidate("strong", 99, elsewhere);
    const decision = router.route(request({ model: "strong" }), [cheap, dear, strong]);
    expect(decision).toMatchObject({ policy: "named", targets: [strong, dear] });
    expect(decision.considered[0]).toMatchObject({ verdict: "excluded", reason: "another model was named" });
  });
});

describe("guards come first", () => {
  const guarded: [string, Partial<Candidate>, Partial<RouteRequest>, RegExp][] = [
    ["context", { contextLength: 1_100 }, {}, /too short: about 1200 tokens are needed, it reads 1100/],
    ["length of the answer", { maxOutputTokens: 100 }, {}, /writes at most 100 tokens/],
    ["tools", { supports: { tools: false } }, { needs: { tools: true, json: false, vision: false } }, /call tools/],
    ["JSON", { supports: { json: false } }, { needs: { tools: false, json: true, vision: false } }, /promise JSON/],
    ["images", { supports: { vision: false } }, { needs: { tools: false, json: false, vision: true } }, /see images/],
    ["region", {}, { needs: { tools: false, json: false, vision: false, region: "eu" } }, /eu is demanded/],
    [
      "data policy",
      { dataPolicy: "no_training" },
      { needs: { tools: false, json: false, vision: false, dataPolicy: "zero_retention" } },
      /promises "no_training" about prompts, "zero_retention" is demanded/,
    ],
    [
      "the key's models",
      {},
      { needs: { tools: false, json: false, vision: false, allowedModels: ["strong", "other*"] } },
      /this key may not use the model/,
    ],
    ["budget", {}, { maxCostUsd: 0.001 }, /would cost about 0\.0012 USD, at most 0\.001 USD is allowed/],
  ];

  test.each(guarded)("%s", (_name, more, asked, reason) => {
    const { router, request } = createWorld();
    const { targets, considered } = router.route(request(asked), [candidate("cheap", 1, more)]);
    expect(targets).toEqual([]);
    expect(considered[0]).toMatchObject({ verdict: "excluded", reason: expect.stringMatching(reason) });
  });

  test("what an endpoint does not say is no reason against it", () => {
    const { router, request } = createWorld();
    const needs = { tools: true, json: true, vision: true, allowedModels: ["ch*"] };
    expect(router.route(request({ needs }), [cheap]).targets).toEqual([cheap]);
  });
});

describe("after quality", () => {
  test("what rests goes behind, and says how long", () => {
    const { router, request, health } = createWorld();
    const error = new AppError("unavailable", "x", { status: 503 });
    for (let call = 0; call < 5; call += 1) {
      createFallback({ targets: [cheap], health, clock: createVirtualClock() })
        .next()
        ?.failed(error);
    }
    const { targets, considered } = router.route(request(), [cheap, strong]);
    expect(targets).toEqual([strong, cheap]);
    expect(considered[0]).toMatchObject({ state: "open", reason: "is given a rest after unavailable, for 10 s more" });
  });

  test("of equals the less loaded one is taken", () => {
    const { router, request, health } = createWorld();
    const twin = candidate("cheap", 1.05, { id: "q cheap", endpointId: "q" });
    for (let call = 0; call < 3; call += 1) health.enter(cheap);
    const firsts = Array.from({ length: 20 }, () => router.route(request(), [cheap, twin]).targets[0]);
    expect(new Set(firsts)).toEqual(new Set([twin]));
  });

  test("a conversation stays where its beginning is cached, as long as that is the cheapest", () => {
    const { router, request, clock } = createWorld();
    const price = { ...cheap.price, inputUsdPerMillion: 2, cachedInputUsdPerMillion: 0.2 };
    const cached = candidate("cheap", 2, {
      ...elsewhere,
      id: "q cheap",
      price: { ...price, outputUsdPerMillion: 1 },
    });
    const call = () =>
      request({ conversationKey: "k", expected: { inputTokens: 5_000, outputTokens: 200 }, now: clock.now() });
    expect(router.route(call(), [cheap, cached]).targets[0]).toBe(cheap);
    router.answered("k", { service: cached.service, model: cached.model, inputTokens: 4_500, now: clock.now() });
    const decision = router.route(call(), [cheap, cached]);
    expect(decision).toMatchObject({ policy: "sticky", targets: [cached, cheap] });
    expect(decision.considered[1]?.cacheSavingUsd).toBeCloseTo((3_600 * 1.8) / 1e6, 8);
    clock.jumpWall(6 * 60_000);
    expect(router.route(call(), [cheap, cached]).targets[0]).toBe(cheap);
  });
});
