import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";

/** The body of `POST /v1/messages`. https://docs.anthropic.com/en/api/messages */
export interface MessagesRequest {
  model: string;
  max_tokens: number;
  messages: { role: "user" | "assistant"; content: MessageBlock[] }[];
  system?: string;
  temperature?: number;
  top_p?: number;
  stop_sequences?: string[];
  stream?: boolean;
  tools?: { name: string; description?: string; input_schema: Record<string, unknown> }[];
  tool_choice?: { type: "auto" | "any" | "none" } | { type: "tool"; name: string };
  metadata?: { user_id: string };
}

export type MessageBlock =
  | { type: "text"; text: string }
  | { type: "image"; source: { type: "base64"; media_type: string; data: string } | { type: "url"; url: string } }
  | { type: "tool_use"; id: string; name: string; input: unknown }
  | { type: "tool_result"; tool_use_id: string; content: string };

/** The tool that stands for `response_format`: its input is the answer, and {@link toCompletion} takes it out again. */
export const answerToolName = "give_answer";

/** Required by the API; the OpenAI shape leaves it open. */
const defaultMaxTokens = 4_096;

const Part = z.union([
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("image_url"), image_url: z.looseObject({ url: z.string() }) }),
]);
const Content = z.union([z.string(), z.array(Part)]).nullish();
const ToolCall = z.looseObject({
  id: z.string(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});
const Message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: Content,
  tool_calls: z.array(ToolCall).nullish(),
  tool_call_id: z.string().nullish(),
});
type Message = z.output<typeof Message>;

const FunctionTool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});
const ToolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) }),
]);
const ResponseFormat = z.looseObject({
  type: z.enum(["text", "json_object", "json_schema"]),
  json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

const Body = z.looseObject({
  model: z.string(),
  messages: z.array(Message).min(1),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  stream: z.boolean().nullish(),
  n: z.number().nullish(),
  user: z.string().nullish(),
  tools: z.array(FunctionTool).nullish(),
  tool_choice: ToolChoice.nullish(),
  response_format: ResponseFormat.nullish(),
});
type Body = z.output<typeof Body>;

/** A chat request in the OpenAI shape → the Messages API. Throws `invalid_input` for what that API has no words for. */
export function toMessagesRequest(body: Record<string, unknown>): MessagesRequest {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new AppError("invalid_input", `This provider cannot take the request's member ${path}.`, {
      hint: "Use a model of an OpenAI-compatible provider for it.",
    });
  }
  const request = parsed.data;
  if ((request.n ?? 1) > 1) throw new AppError("invalid_input", "This provider gives one answer a call: leave n out.");
  const system = request.messages.filter(isInstruction).map(({ content }) => toText(content));
  const stop = typeof request.stop === "string" ? [request.stop] : request.stop;
  return {
    model: request.model,
    max_tokens: request.max_completion_tokens ?? request.max_tokens ?? defaultMaxTokens,
    messages: toTurns(request.messages.filter((message) => !isInstruction(message))),
    ...(system.length > 0 && { system: system.join("\n\n") }),
    // The OpenAI shape goes to 2, this API to 1.
    ...(typeof request.temperature === "number" && { temperature: Math.min(1, request.temperature) }),
    ...(typeof request.top_p === "number" && { top_p: request.top_p }),
    ...(stop && stop.length > 0 && { stop_sequences: stop }),
    ...(request.stream === true && { stream: true }),
    ...(typeof request.user === "string" && { metadata: { user_id: request.user } }),
    ...toTools(request),
  };
}

function isInstruction({ role }: Message): boolean {
  return role === "system" || role === "developer";
}

/** Turns must alternate, and the results of tools belong to the user's turn: neighbours of one role become one turn. */
function toTurns(messages: readonly Message[]): MessagesRequest["messages"] {
  const turns: MessagesRequest["messages"] = [];
  for (const message of messages) {
    const role = message.role === "assistant" ? "assistant" : "user";
    const blocks = toBlocks(message);
    if (blocks.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  return turns;
}

function toBlocks({ role, content, tool_calls, tool_call_id }: Message): MessageBlock[] {
  if (role === "tool") return [{ type: "tool_result", tool_use_id: tool_call_id ?? "", content: toText(content) }];
  const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : (content ?? []);
  const blocks: MessageBlock[] = [];
  for (const part of parts) {
    // An empty text block is refused by the API.
    if (part.type === "text" && part.text !== "") blocks.push({ type: "text", text: part.text });
    if (part.type === "image_url") blocks.push({ type: "image", source: toImageSource(part.image_url.url) });
  }
  for (const call of tool_calls ?? []) {
    blocks.push({
      type: "tool_use",
      id: call.id,
      name: call.function.name,
      input: parseArguments(call.function.arguments),
    });
  }
  return blocks;
}

function toText(content: Message["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("\n");
}

function toImageSource(
  url: string,
): { type: "base64"; media_type: string; data: string } | { type: "url"; url: string } {
  const inline = /^data:(image\/[\w.+-]+);base64,(.+)$/s.exec(url);
  if (inline?.[1] && inline[2]) return { type: "base64", media_type: inline[1], data: inline[2] };
  if (url.startsWith("data:")) {
    throw new AppError("invalid_input", "An image in the request is not base64 data of an image type.");
  }
  return { type: "url", url };
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch (cause) {
    throw new AppError("invalid_input", "The arguments of an earlier tool call are not sound JSON.", { cause });
  }
}

function toTools(request: Body): Pick<MessagesRequest, "tools" | "tool_choice"> {
  const format = request.response_format;
  const wantsJson = format !== null && format !== undefined && format.type !== "text";
  const functions = request.tools ?? [];
  if (wantsJson) {
    if (functions.length > 0) {
      throw new AppError("invalid_input", "This provider cannot combine tools with response_format.", {
        hint: "Leave one of them out, or use a model of an OpenAI-compatible provider.",
      });
    }
    const schema = format.json_schema?.schema ?? { type: "object", additionalProperties: true };
    const answer = { name: answerToolName, description: "Gives the answer.", input_schema: schema };
    return { tools: [answer], tool_choice: { type: "tool", name: answerToolName } };
  }
  if (functions.length === 0) return {};
  const tools = functions.map(({ function: { name, description, parameters } }) => ({
    name,
    ...(typeof description === "string" && { description }),
    input_schema: parameters ?? { type: "object", properties: {} },
  }));
  const choice = request.tool_choice;
  if (choice === null || choice === undefined) return { tools };
  if (typeof choice === "object") return { tools, tool_choice: { type: "tool", name: choice.function.name } };
  return { tools, tool_choice: { type: choice === "required" ? "any" : choice } };
}
