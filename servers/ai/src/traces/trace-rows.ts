import type { CallContent, CallRecord } from "../domain/call-record.ts";
import { isRefusal } from "../quality/detect-refusal.ts";
import type { KeepContent, TextFilter } from "./redact-content.ts";
import { cutText, toSaidMessages } from "./said-messages.ts";
import type { AiTraceContentsTable, AiTracesTable } from "./trace-tables.ts";
import { sketchVector } from "./vector-sketch.ts";

export interface TraceRows {
  trace: AiTracesTable;
  content: AiTraceContentsTable | undefined;
}

const maxAnswerCharacters = 16_000;
const nanoPerUsd = 1e9;

export function toTraceRows(
  call: CallRecord,
  content: CallContent,
  { keep, filter }: { keep: KeepContent; filter: TextFilter },
): TraceRows {
  const record = JSON.stringify(call);
  const sketch = content.vector && sketchVector(content.vector);
  const trace = {
    request_id: call.requestId,
    at: Math.round(call.startedAt),
    caller: call.caller,
    operation: call.operation,
    origin: call.origin,
    service: call.service,
    model: call.model,
    mode: call.mode,
    category: call.category,
    cache: call.cache,
    outcome: call.outcome,
    error_kind: call.errorKind ?? null,
    finish_reason: call.finishReason ?? null,
    cost_nano_usd: Math.round(call.costUsd * nanoPerUsd),
    total_ms: call.totalMs,
    first_token_ms: call.firstTokenMs ?? null,
    output_tokens: call.outputTokens,
    answer_characters: content.answer.length,
    refusal: isRefusal(content.answer, call.finishReason) ? 1 : 0,
    sketch: sketch ?? null,
    sketch_model: sketch === undefined ? null : (content.embeddingModelId ?? "unknown"),
    record,
    bytes: record.length + 200,
  };
  return { trace, content: keep === "off" ? undefined : toContentRow(call, content, { keep, filter }) };
}

function toContentRow(
  { requestId }: CallRecord,
  { messages, answer }: CallContent,
  { keep, filter }: { keep: KeepContent; filter: TextFilter },
): AiTraceContentsTable {
  const said = JSON.stringify(toSaidMessages(messages, filter));
  const kept = cutText(filter(answer), maxAnswerCharacters);
  const bytes = Buffer.byteLength(said) + Buffer.byteLength(kept);
  // PostgreSQL has no NUL in text.
  return {
    request_id: requestId,
    messages: said.replaceAll("\\u0000", ""),
    answer: kept.replaceAll("\0", ""),
    redacted: keep === "redacted" ? 1 : 0,
    bytes,
  };
}
