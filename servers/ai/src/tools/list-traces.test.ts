import { expect, test } from "vitest";
import { createToolContext } from "../testing/tool-context.ts";
import type { TraceSummary } from "../traces/find-traces.ts";
import type { Traces } from "../traces/traces.ts";
import { listTraces } from "./list-traces.ts";

function makeTraces(count: number): { traces: Pick<Traces, "find">; asked: unknown[] } {
  const asked: unknown[] = [];
  const all = Array.from({ length: count }, (_, index): TraceSummary => {
    const facts = {
      caller: "c1",
      model: "m",
      service: "s",
      mode: "live" as const,
      outcome: "ok" as const,
      cache: "miss" as const,
    };
    return {
      requestId: `r${index}`,
      at: 1_000 - index,
      ...facts,
      costUsd: 0,
      totalMs: 1.6,
      outputTokens: 1,
      refusal: false,
    };
  });
  const find: Traces["find"] = (filter, { limit, after }) => {
    asked.push(filter);
    return Promise.resolve(all.filter(({ at }) => at < (after?.at ?? Infinity)).slice(0, limit));
  };
  return { traces: { find }, asked };
}

test("filters are handed on, times as numbers", async () => {
  const { traces, asked } = makeTraces(1);
  const input = listTraces.input.parse({ from: "2026-01-05T00:00:00Z", outcome: "error", text: "abc" });
  const output = await listTraces.run(input, createToolContext({ traces }));
  expect(asked).toEqual([{ outcome: "error", text: "abc", from: Date.UTC(2026, 0, 5) }]);
  expect(output).toMatchObject({ traces: [{ requestId: "r0", totalMs: 2, at: "1970-01-01T00:00:01.000Z" }] });
  expect(output).not.toHaveProperty("nextCursor");
});

test("pages follow one another, and a cursor belongs to its question", async () => {
  const context = createToolContext(makeTraces(70));
  const first = await listTraces.run(listTraces.input.parse({}), context);
  expect(first.traces).toHaveLength(50);
  const second = await listTraces.run(listTraces.input.parse({ cursor: first.nextCursor }), context);
  expect(second.traces.map(({ requestId }) => requestId).at(0)).toBe("r50");
  expect(second.nextCursor).toBeUndefined();
  const other = listTraces.input.parse({ cursor: first.nextCursor, model: "m" });
  await expect(listTraces.run(other, context)).rejects.toMatchObject({ kind: "invalid_input" });
});
