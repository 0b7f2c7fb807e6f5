import { expect, test } from "vitest";
import { createToolContext } from "../testing/tool-context.ts";
import { sampleCall } from "../traces/testing/call-samples.ts";
import type { Trace } from "../traces/find-traces.ts";
import { getTrace } from "./get-trace.ts";

function show(more: Partial<Trace> = {}) {
  const trace: Trace = { record: sampleCall(), refusal: false, content: undefined, annotations: [], ...more };
  const traces = { read: () => Promise.resolve(trace), keep: "redacted" as const };
  return getTrace.run({ requestId: "r1" }, createToolContext({ traces }));
}

test("a call is shown whole, with what was said and thought of it", async () => {
  const said = { requestId: "r1", at: 0, name: "feedback", kind: "human" as const, author: "c1", score: 1 };
  const content = { messages: [{ role: "user", text: "Hi" }], answer: "Hello", redacted: true };
  const output = getTrace.output.parse(await show({ content, annotations: [said] }));
  expect(output).toMatchObject({
    requestId: "r1",
    model: "small",
    attempts: [{ service: "openrouter", outcome: "ok" }],
    content: "redacted",
    messages: [{ role: "user", text: "Hi" }],
    answer: "Hello",
    opinions: [{ name: "feedback", score: 1, at: "1970-01-01T00:00:00.000Z" }],
    source: { service: "openrouter", mode: "live" },
  });
});

test("where nothing was kept it says so, and a call that reached nobody has a source all the same", async () => {
  const output = await show({
    record: sampleCall({ service: "", model: "", outcome: "error", errorKind: "budget_exceeded" }),
  });
  expect(output).toMatchObject({ content: "not_kept", errorKind: "budget_exceeded", source: { service: "sophia" } });
  expect(output).not.toHaveProperty("answer");
});
