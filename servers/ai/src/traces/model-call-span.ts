import { createHash } from "node:crypto";
import {
  MimeType,
  OpenInferenceSpanKind,
  SemanticConventions as names,
} from "@arizeai/openinference-semantic-conventions";
import type { Attributes } from "@opentelemetry/api";
import type { FinishedSpan } from "@sophia/core/observe/finished-span";
import type { CallContent, CallRecord } from "../domain/call-record.ts";
import type { Annotation } from "./annotations.ts";
import type { KeepContent, TextFilter } from "./redact-content.ts";
import { cutText, toSaidMessages } from "./said-messages.ts";

/** Ids that follow from the request's, so that an opinion said later finds its span. */
export function spanIdsOf(requestId: string): { traceId: string; spanId: string } {
  const digest = createHash("sha256").update(`sophia trace ${requestId}`).digest("hex");
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
}

const maxValueCharacters = 16_000;
const kinds = {
  chat: OpenInferenceSpanKind.LLM,
  embeddings: OpenInferenceSpanKind.EMBEDDING,
  rerank: OpenInferenceSpanKind.RERANKER,
};

/**
 * A finished call with OpenInference's names, which Arize and Phoenix read, beside those of OpenTelemetry's GenAI
 * conventions. What was said is part of it only where it may be kept.
 */
export function toModelCallSpan(
  call: CallRecord,
  content: CallContent,
  { keep, filter }: { keep: KeepContent; filter: TextFilter },
): FinishedSpan {
  return {
    ...spanIdsOf(call.requestId),
    name: `${call.operation} ${call.model || call.requestedModel}`,
    kind: "client",
    startMs: call.startedAt,
    endMs: call.startedAt + call.totalMs,
    attributes: {
      ...openInferenceOf(call),
      ...genAiOf(call),
      ...ownOf(call),
      ...(keep === "off" ? {} : contentOf(content, filter)),
    },
    ...(call.outcome === "error" && { failure: call.errorKind ?? "error" }),
  };
}

/** An opinion as a span of its own below the call it is about: the OTLP form of an evaluation. */
export function toEvaluationSpan(said: Annotation): FinishedSpan {
  const { traceId, spanId } = spanIdsOf(said.requestId);
  const own = createHash("sha256").update(`${said.requestId} ${said.name} ${said.author} ${said.at}`).digest("hex");
  const prefix = `eval.${said.name}`;
  return {
    traceId,
    spanId: own.slice(0, 16),
    parentSpanId: spanId,
    name: `evaluate ${said.name}`,
    kind: "internal",
    startMs: said.at,
    endMs: said.at,
    attributes: {
      [names.OPENINFERENCE_SPAN_KIND]: OpenInferenceSpanKind.EVALUATOR,
      ...(said.score !== undefined && { [`${prefix}.score`]: said.score }),
      ...(said.label !== undefined && { [`${prefix}.label`]: said.label }),
      ...(said.explanation !== undefined && { [`${prefix}.explanation`]: said.explanation }),
    },
  };
}

function openInferenceOf(call: CallRecord): Attributes {
  const { outcome, attempts, firstTokenMs, overheadMs, baselineUsd } = call;
  return {
    [names.OPENINFERENCE_SPAN_KIND]: kinds[call.operation],
    [call.operation === "embeddings" ? names.EMBEDDING_MODEL_NAME : names.LLM_MODEL_NAME]: call.model,
    [names.LLM_PROVIDER]: call.service,
    [names.LLM_TOKEN_COUNT_PROMPT]: call.inputTokens,
    [names.LLM_TOKEN_COUNT_COMPLETION]: call.outputTokens,
    [names.LLM_TOKEN_COUNT_TOTAL]: call.inputTokens + call.outputTokens,
    [names.LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ]: call.cachedInputTokens,
    ...(call.priceKnown && { [names.LLM_COST_TOTAL]: call.costUsd }),
    [names.LLM_INVOCATION_PARAMETERS]: JSON.stringify({ model: call.requestedModel, stream: call.stream }),
    [names.USER_ID]: call.caller,
    [names.METADATA]: JSON.stringify({
      outcome,
      attempts,
      firstTokenMs,
      overheadMs,
      baselineUsd,
      category: call.category,
    }),
    [names.TAG_TAGS]: [call.origin, `cache:${call.cache}`, `route:${call.route}`],
  };
}

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ */
function genAiOf(call: CallRecord): Attributes {
  return {
    "gen_ai.operation.name": call.operation,
    "gen_ai.provider.name": call.service,
    "gen_ai.request.model": call.requestedModel,
    "gen_ai.response.model": call.model,
    "gen_ai.usage.input_tokens": call.inputTokens,
    "gen_ai.usage.output_tokens": call.outputTokens,
    ...(call.finishReason !== undefined && { "gen_ai.response.finish_reasons": [call.finishReason] }),
    ...(call.errorKind !== undefined && { "error.type": call.errorKind }),
  };
}

function ownOf(call: CallRecord): Attributes {
  return {
    "sophia.request_id": call.requestId,
    "sophia.mode": call.mode,
    "sophia.cache": call.cache,
    "sophia.route": call.route,
    "sophia.price_as_of": call.priceAsOf,
  };
}

function contentOf({ messages, answer }: CallContent, filter: TextFilter): Attributes {
  const said = toSaidMessages(messages, filter);
  const answered = cutText(filter(answer), maxValueCharacters);
  const inputs = said.flatMap(({ role, text }, index): [string, string][] => [
    [`${names.LLM_INPUT_MESSAGES}.${index}.${names.MESSAGE_ROLE}`, role],
    [`${names.LLM_INPUT_MESSAGES}.${index}.${names.MESSAGE_CONTENT}`, text],
  ]);
  return {
    ...Object.fromEntries(inputs),
    [names.INPUT_VALUE]: cutText(said.at(-1)?.text ?? "", maxValueCharacters),
    [names.INPUT_MIME_TYPE]: MimeType.TEXT,
    [names.OUTPUT_VALUE]: answered,
    [names.OUTPUT_MIME_TYPE]: MimeType.TEXT,
    [`${names.LLM_OUTPUT_MESSAGES}.0.${names.MESSAGE_ROLE}`]: "assistant",
    [`${names.LLM_OUTPUT_MESSAGES}.0.${names.MESSAGE_CONTENT}`]: answered,
  };
}
