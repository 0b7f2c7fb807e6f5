import type { MessageAnswer } from "./message-answer.ts";

/** https://docs.anthropic.com/en/api/messages */
export function buildMessage(model: string, answer: MessageAnswer): Record<string, unknown> {
  const content = answer.tool
    ? [{ type: "tool_use", id: answer.tool.id, name: answer.tool.name, input: answer.tool.input }]
    : [{ type: "text", text: answer.pieces.join(""), citations: null }];
  return {
    id: answer.id,
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: answer.stopReason,
    stop_sequence: null,
    usage: buildUsage(answer, answer.outputTokens),
  };
}

function buildUsage(answer: MessageAnswer, outputTokens: number) {
  return {
    input_tokens: answer.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
  };
}

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming: event names and data, in order. */
export function buildEvents(model: string, answer: MessageAnswer): { type: string }[] {
  const message = { ...buildMessage(model, answer), content: [], stop_reason: null, usage: buildUsage(answer, 1) };
  const events: { type: string }[] = [{ type: "message_start", message } as { type: string }];
  const push = (event: { type: string; [name: string]: unknown }) => events.push(event);
  const block = answer.tool
    ? { type: "tool_use", id: answer.tool.id, name: answer.tool.name, input: {} }
    : { type: "text", text: "" };
  push({ type: "content_block_start", index: 0, content_block: block });
  push({ type: "ping" });
  for (const delta of buildDeltas(answer)) push({ type: "content_block_delta", index: 0, delta });
  push({ type: "content_block_stop", index: 0 });
  const delta = { stop_reason: answer.stopReason, stop_sequence: null };
  push({ type: "message_delta", delta, usage: { output_tokens: answer.outputTokens } });
  push({ type: "message_stop" });
  return events;
}

function buildDeltas({ tool, pieces }: MessageAnswer): Record<string, unknown>[] {
  if (!tool) return pieces.map((text) => ({ type: "text_delta", text }));
  const json = JSON.stringify(tool.input);
  const half = Math.ceil(json.length / 2);
  return [json.slice(0, half), json.slice(half)].map((part) => ({ type: "input_json_delta", partial_json: part }));
}
