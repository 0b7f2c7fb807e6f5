import { AppError } from "@sophia/core/errors/app-error";
import { ChatRequest } from "./chat-request.ts";

/**
 * What the schema says, without building a copy of every message: prompts may have megabytes. Whatever looks wrong goes
 * through the schema, which names the field. Throws AppError `invalid_input`.
 */
export function parseChatRequest(value: unknown): ChatRequest {
  if (isChatRequest(value)) return value;
  const parsed = ChatRequest.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new AppError("invalid_input", `The request does not fit: ${fields.join("; ")}.`);
}

const maxMessages = 4_000;

function isChatRequest(value: unknown): value is ChatRequest {
  if (typeof value !== "object" || value === null) return false;
  const { model, messages, stream, stream_options, max_tokens, max_completion_tokens, n } = value as Record<
    string,
    unknown
  >;
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > maxMessages) return false;
  for (const message of messages as unknown[]) {
    const role = (message as { role?: unknown } | null)?.role;
    if (typeof role !== "string" || role.length > 40) return false;
  }
  // The rarer members are the schema's business.
  return (
    (model === undefined || (typeof model === "string" && model.length > 0 && model.length <= 200)) &&
    (stream === undefined || typeof stream === "boolean") &&
    stream_options === undefined &&
    max_tokens === undefined &&
    max_completion_tokens === undefined &&
    n === undefined
  );
}
