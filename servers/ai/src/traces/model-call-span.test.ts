import { expect, test } from "vitest";
import { sampleCall, sampleContent } from "./testing/call-samples.ts";
import { spanIdsOf, toEvaluationSpan, toModelCallSpan } from "./model-call-span.ts";

const same = (text: string): string => text;

test("both families of names, the numbers of the call, and what was said", () => {
  const span = toModelCallSpan(sampleCall(), sampleContent(), { keep: "full", filter: same });
  expect(span).toMatchObject({ name: "chat small", kind: "client", endMs: span.startMs + 800 });
  expect(span.attributes).toMatchObject({
    "openinference.span.kind": "LLM",
    "llm.model_name": "small",
    "llm.provider": "openrouter",
    "llm.token_count.prompt": 20,
    "llm.token_count.completion": 10,
    "llm.token_count.total": 30,
    "llm.token_count.prompt_details.cache_read": 4,
    "llm.cost.total": 0.0005,
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "How do I restart billing?",
    "llm.output_messages.0.message.content": "With systemctl.",
    "output.value": "With systemctl.",
    "user.id": "c1",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "auto",
    "gen_ai.response.model": "small",
    "gen_ai.usage.input_tokens": 20,
    "sophia.request_id": "r1",
  });
  expect(span).not.toHaveProperty("failure");
});

test("without leave nothing that was said is in it, and an unknown price is no price", () => {
  const call = sampleCall({ outcome: "error", errorKind: "timeout", priceKnown: false });
  const span = toModelCallSpan(call, sampleContent(), { keep: "off", filter: same });
  expect(JSON.stringify(span)).not.toContain("restart billing");
  expect(span.attributes).not.toHaveProperty("llm.cost.total");
  expect(span).toMatchObject({ failure: "timeout", attributes: { "error.type": "timeout" } });
});

test("an opinion hangs below its call, under ids that follow from the request", () => {
  const { traceId, spanId } = spanIdsOf("r1");
  expect([traceId, spanId]).toMatchObject(
    [/^[0-9a-f]{32}$/, /^[0-9a-f]{16}$/].map((form) => expect.stringMatching(form)),
  );
  const said = {
    requestId: "r1",
    at: 5,
    name: "helpful",
    kind: "model" as const,
    author: "judge",
    score: 0.75,
    label: "good",
  };
  expect(toEvaluationSpan(said)).toMatchObject({
    traceId,
    parentSpanId: spanId,
    attributes: { "openinference.span.kind": "EVALUATOR", "eval.helpful.score": 0.75, "eval.helpful.label": "good" },
  });
  expect(toEvaluationSpan(said).spanId).not.toBe(spanId);
});
