import { expect, test } from "vitest";
import type { Quality } from "../quality/quality.ts";
import { createToolContext } from "../testing/tool-context.ts";
import { checkModels } from "./check-models.ts";

const at = Date.UTC(2026, 0, 5);

test("asks for the periods wished, shows what changed, and notes who is on an alert", async () => {
  const asked: unknown[] = [];
  const acknowledged: string[] = [];
  const steady = {
    name: "latency" as const,
    reference: 800,
    current: 810,
    effect: 0.01,
    verdict: "steady" as const,
    pValue: 0.4,
    qValue: 0.6,
  };
  const worse = {
    name: "error_rate" as const,
    reference: 0.02,
    current: 0.123_456,
    effect: 0.1,
    verdict: "worse" as const,
    severity: "critical" as const,
    pValue: 1e-9,
    qValue: 1e-8,
    interval: { lower: 0.05, upper: 0.2 },
    since: at,
  };
  const quality: Quality = {
    check: (question) => {
      asked.push(question);
      const model = {
        model: "small",
        service: "openrouter",
        calls: 200,
        referenceCalls: 900,
        status: "critical" as const,
        measures: [steady, worse],
        next: ["Look."],
      };
      return Promise.resolve({ from: at, until: at + 1, referenceFrom: at - 1, models: [model] });
    },
    alerts: () =>
      Promise.resolve([
        {
          id: "a1",
          version: 1,
          at,
          server: "ai",
          kind: "drift",
          severity: "critical",
          title: "T",
          detail: "D",
          key: "k",
          state: "acknowledged",
        },
      ]),
    acknowledge: (id, by) => Promise.resolve(acknowledged.push(`${id} ${by}`) > 0),
  };
  const context = createToolContext({ quality });
  const output = await checkModels.run(
    checkModels.input.parse({ model: "small", windowHours: 6, acknowledge: ["a1"] }),
    context,
  );
  expect(asked).toEqual([{ windowMs: 21_600_000, referenceMs: 604_800_000, model: "small" }]);
  expect(acknowledged).toEqual(["a1 c1"]);
  expect(output.models[0]?.measures).toEqual([
    {
      name: "error_rate",
      reference: 0.02,
      current: 0.1235,
      verdict: "worse",
      severity: "critical",
      qValue: 1e-8,
      lower: 0.05,
      upper: 0.2,
      since: "2026-01-05T00:00:00.000Z",
    },
  ]);
  expect(checkModels.output.parse(output).alerts).toMatchObject([{ id: "a1", state: "acknowledged" }]);
  const all = await checkModels.run(checkModels.input.parse({ measures: "all" }), context);
  expect(all.models[0]?.measures).toHaveLength(2);
  expect(checkModels.render?.(checkModels.output.parse(all)))
    .toBe(`Models: 1, 2026-01-05T00:00Z to 2026-01-05T00:00Z, against the time since 2026-01-04T23:59Z.

small at openrouter: critical (200 fresh calls, 900 before)
- latency: 800 ms → 810 ms, steady; chance of a false alarm 60 %
- error_rate: 2 % → 12.3 %, worse (critical); difference of the shares 5 % to 20 %, 95 %; chance of a false alarm 0.000001 %; since about 2026-01-05T00:00Z
  Next: Look.

Alerts (acknowledge takes the ids):
- a1 critical, acknowledged since 2026-01-05T00:00Z: T. D`);
});

test("an alert that does not stand is not acknowledged in silence; nothing to judge is said", async () => {
  const models: Awaited<ReturnType<Quality["check"]>>["models"] = [];
  const quality: Quality = {
    check: () => Promise.resolve({ from: at, until: at + 1, referenceFrom: at - 1, models }),
    alerts: () => Promise.resolve([]),
    acknowledge: () => Promise.resolve(false),
  };
  const context = createToolContext({ quality });
  const asking = checkModels.run(checkModels.input.parse({ acknowledge: ["gone"] }), context);
  await expect(asking).rejects.toMatchObject({ kind: "not_found", hint: expect.stringContaining("ids") });
  const output = await checkModels.run(checkModels.input.parse({}), context);
  expect(checkModels.render?.(checkModels.output.parse(output))).toContain("No model has answered a fresh chat call");
  const few = { reference: 0, current: 1, effect: 0, verdict: "too_few" as const };
  const measures = [
    { name: "latency" as const, ...few },
    { name: "questions" as const, ...few },
  ];
  models.push({ model: "m", service: "s", calls: 3, referenceCalls: 0, status: "too_few", measures, next: [] });
  const all = await checkModels.run(checkModels.input.parse({ measures: "all" }), context);
  expect(checkModels.render?.(checkModels.output.parse(all))).toContain("- too few calls to tell: latency, questions");
});
