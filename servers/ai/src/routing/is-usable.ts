import type { CallContent, CallRecord } from "../domain/call-record.ts";
import { isRefusal } from "../quality/detect-refusal.ts";

/**
 * Whether an answer can be used at all, as far as its form tells: not declined, not withheld, not cut short, JSON where
 * JSON was asked. `undefined` when the model is not to blame: a provider that failed, a caller that left.
 */
export function isUsable(record: CallRecord, content: CallContent): boolean | undefined {
  if (record.outcome !== "ok" || record.operation !== "chat") return undefined;
  const { finishReason } = record;
  if (finishReason === "length") return false;
  // Its text, if any, is beside the point.
  if (finishReason === "tool_calls" || finishReason === "function_call") return true;
  if (isRefusal(content.answer, finishReason)) return false;
  return !content.wantsJson || isJson(content.answer);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
