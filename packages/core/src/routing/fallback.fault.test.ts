import { describe, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import type { Candidate } from "./candidate.ts";
import { createEndpointHealth } from "./create-endpoint-health.ts";
import { createFallback } from "./fallback.ts";
import { createSeededRandom } from "./seeded-random.ts";

const candidate = (endpointId: string, model = "m", more: Partial<Candidate> = {}): Candidate => ({
  id: `${endpointId} ${model}`,
  endpointId,
  service: endpointId,
  mode: "live",
  model,
  family: model,
  supports: {},
  dataPolicy: "any",
  price: { inputUsdPerMillion: 1, outputUsdPerMillion: 2, known: true, asOf: "2026-01-01" },
  ...more,
});
const down = (service: string) => new AppError("unavailable", `${service} is down.`, { service, status: 503 });

/** Plays providers that take `waitMs` to answer or to fail. */
function createWorld(fails: (endpointId: string, at: number) => AppError | undefined, waitMs = 20) {
  const clock = createVirtualClock();
  const health = createEndpointHealth({ clock });
  const asked: { endpointId: string; at: number }[] = [];
  return {
    clock,
    health,
    asked,
    async call(targets: readonly Candidate[]): Promise<AppError | undefined> {
      const fallback = createFallback({ targets, health, clock });
      for (let attempt = fallback.next(); attempt; attempt = fallback.next()) {
        const { endpointId } = attempt.candidate;
        asked.push({ endpointId, at: clock.monotonic() });
        await clock.advance(waitMs);
        const error = fails(endpointId, clock.monotonic());
        if (!error) {
          attempt.ok({ firstTokenMs: waitMs, totalMs: waitMs });
          return undefined;
        }
        attempt.failed(error);
      }
      return fallback.toError();
    },
  };
}

describe("fault 28: a dead target", () => {
  test("is asked five times, then nobody waits for it, and no answer is lost", async () => {
    const world = createWorld((endpointId) => (endpointId === "dead" ? down("dead") : undefined));
    const targets = [candidate("dead"), candidate("live")];
    const errors: (AppError | undefined)[] = [];
    for (let call = 0; call < 100; call += 1) errors.push(await world.call(targets));
    expect(errors.filter(Boolean)).toEqual([]);
    expect(world.asked.filter(({ endpointId }) => endpointId === "dead")).toHaveLength(5);
    expect(world.health.state(targets[0]!)).toMatchObject({ state: "open", openings: 1, cause: "unavailable" });
  });

  test("comes back in steps once it answers again", async () => {
    let alive = false;
    const world = createWorld((endpointId) => (endpointId === "first" && !alive ? down("first") : undefined));
    const targets = [candidate("first"), candidate("second")];
    for (let call = 0; call < 10; call += 1) await world.call(targets);
    alive = true;
    await world.clock.advance(10_000);
    const shares: number[] = [];
    for (let call = 0; call < 80; call += 1) {
      await world.call(targets);
      shares.push(world.health.state(targets[0]!).share);
    }
    expect([...new Set(shares)]).toEqual([0, 0.1, 0.25, 0.5, 1]);
    expect(world.health.state(targets[0]!)).toMatchObject({ state: "closed", errorRate: 0 });
  });

  test("is probed once in each cooldown while it stays dead, and the cooldown grows", async () => {
    const world = createWorld((endpointId) => (endpointId === "dead" ? down("dead") : undefined), 1);
    const targets = [candidate("dead"), candidate("live")];
    for (let second = 0; second < 150; second += 1) {
      await world.call(targets);
      await world.clock.advance(999);
    }
    const at = world.asked.filter(({ endpointId }) => endpointId === "dead").map((call) => Math.round(call.at / 1_000));
    expect(at).toEqual([0, 1, 2, 3, 4, 14, 34, 74]);
  });
});

describe("fault 40: a provider that fails half of its calls", () => {
  test.each([1, 2, 3])("yields at least 99 percent success and opens at most once in 10 s (seed %i)", async (seed) => {
    const random = createSeededRandom(seed);
    const world = createWorld((endpointId) => (endpointId === "half" && random() < 0.5 ? down("half") : undefined), 10);
    const targets = [candidate("half"), candidate("sound")];
    let failed = 0;
    for (let call = 0; call < 1_000; call += 1) {
      if (await world.call(targets)) failed += 1;
      await world.clock.advance(40);
    }
    expect(failed / 1_000).toBeLessThanOrEqual(0.01);
    const seconds = world.clock.monotonic() / 1_000;
    expect(world.health.state(targets[0]!).openings).toBeGreaterThan(0);
    expect(world.health.state(targets[0]!).openings).toBeLessThanOrEqual(Math.ceil(seconds / 10));
  });

  test("three providers that fail half of their calls before one that works", async () => {
    const random = createSeededRandom(5);
    const world = createWorld((endpointId) =>
      endpointId !== "sound" && random() < 0.5 ? down(endpointId) : undefined,
    );
    const targets = ["a", "b", "c", "sound"].map((endpointId) => candidate(endpointId));
    let failed = 0;
    for (let call = 0; call < 1_000; call += 1) if (await world.call(targets)) failed += 1;
    expect(failed).toBeLessThanOrEqual(10);
  });
});

describe("fault 39: all providers down", () => {
  const targets = [candidate("one"), candidate("two", "other")];

  test("one error lists what was tried, and later ones come without waiting", async () => {
    const world = createWorld((endpointId) => down(endpointId));
    const first = await world.call(targets);
    expect(first).toMatchObject({ kind: "unavailable" });
    expect(first?.message).toBe(
      "No model answered. Tried: m at one (unavailable after 20 ms); other at two (unavailable after 20 ms).",
    );
    for (let call = 0; call < 4; call += 1) await world.call(targets);
    const before = world.asked.length;
    const last = await world.call(targets);
    expect(world.asked).toHaveLength(before);
    expect(last?.message).toContain("m at one (not asked: it is given a rest)");
    expect(last?.retryAfterMs).toBeGreaterThan(9_000);
  });

  test("no target at all is said as that", () => {
    const clock = createVirtualClock();
    const fallback = createFallback({ targets: [], health: createEndpointHealth({ clock }), clock });
    expect(fallback.next()).toBeUndefined();
    expect(fallback.toError().message).toContain("nothing, there is no target");
  });
});

describe("what may follow a failure", () => {
  const small = candidate("a", "small", { contextLength: 8_000 });
  const long = candidate("b", "long", { contextLength: 100_000 });
  const route = [small, candidate("a", "other", { contextLength: 8_000 }), candidate("b", "small"), long];

  function listFollowers(error: unknown): string[] {
    const clock = createVirtualClock();
    const health = createEndpointHealth({ clock });
    const fallback = createFallback({ targets: route, health, clock, maxAttempts: 10 });
    fallback.next()?.failed(error);
    const followers: string[] = [];
    for (let next = fallback.next(); next; next = fallback.next()) {
      followers.push(next.candidate.id);
      next.ok({});
    }
    return followers;
  }

  test.each([
    ["a wrong key: another provider", new AppError("not_configured", "x", { status: 401 }), ["b small", "b long"]],
    ["402: another provider", new AppError("budget_exceeded", "x", { status: 402 }), ["b small", "b long"]],
    ["429: another provider", new AppError("rate_limited", "x", { status: 429 }), ["b small", "b long"]],
    ["unreachable: another provider", new AppError("upstream", "x"), ["b small", "b long"]],
    [
      "too long: a longer model",
      new AppError("invalid_input", "x", { status: 400, reason: "context_length" }),
      ["b long"],
    ],
    ["a bad request: nothing", new AppError("invalid_input", "x", { status: 400 }), []],
    [
      "refused for its content: nothing",
      new AppError("invalid_input", "x", { status: 400, reason: "content_policy" }),
      [],
    ],
    ["500: any other target", new AppError("upstream", "x", { status: 500 }), ["a other", "b small", "b long"]],
    ["our own budget: any other target", new AppError("budget_exceeded", "x"), ["a other", "b small", "b long"]],
    ["something of ours: nothing", new TypeError("x"), []],
  ])("%s", (_name, error, expected) => {
    expect(listFollowers(error)).toEqual(expected);
  });

  test("a call broken off by its caller is no failure of the provider", () => {
    const clock = createVirtualClock();
    const health = createEndpointHealth({ clock });
    const signal = AbortSignal.abort();
    for (let call = 0; call < 10; call += 1) {
      const attempt = createFallback({ targets: [small], health, clock }).next();
      expect(attempt?.failed(new DOMException("gone", "AbortError"), signal).class).toBe("cancelled");
    }
    expect(health.state(small)).toMatchObject({ state: "closed", recentCalls: 0, inFlight: 0 });
  });

  test("a request the provider refuses says so in its own error", async () => {
    const refusal = new AppError("invalid_input", "too hot", { status: 400 });
    const world = createWorld((endpointId) => (endpointId === "a" ? down("a") : refusal));
    expect(await world.call([small, long])).toBe(refusal);
  });
});

test("fault 29: a 429 rests the endpoint for as long as it asked, a sane time at most", async () => {
  const error = new AppError("rate_limited", "x", { status: 429, retryAfterMs: 7_000 });
  const world = createWorld((endpointId) => (endpointId === "busy" ? error : undefined));
  const [busy, sibling] = [candidate("busy"), candidate("busy", "sibling")];
  expect(await world.call([busy, candidate("free")])).toBeUndefined();
  expect(world.health.state(sibling)).toMatchObject({ state: "resting", cause: "rate_limited" });
  expect(world.health.state(sibling).retryAfterMs).toBeGreaterThan(6_000);
  await world.clock.advance(7_000);
  expect(world.health.state(sibling)).toMatchObject({ state: "closed", retryAfterMs: 0 });
});
