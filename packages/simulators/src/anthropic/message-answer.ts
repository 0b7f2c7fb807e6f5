import { createHash } from "node:crypto";
import { z } from "zod";

const Block = z.looseObject({ type: z.string(), text: z.string().optional() });
const Tool = z.looseObject({ name: z.string(), input_schema: z.record(z.string(), z.unknown()) });

/** As far as the simulator understands https://docs.anthropic.com/en/api/messages; it is as strict as the API about turns. */
export const MessagesRequest = z.looseObject({
  model: z.string(),
  max_tokens: z.number().int().min(1),
  messages: z
    .array(
      z.looseObject({ role: z.enum(["user", "assistant"]), content: z.union([z.string(), z.array(Block).min(1)]) }),
    )
    .min(1),
  system: z.union([z.string(), z.array(Block)]).optional(),
  temperature: z.number().min(0).max(1).optional(),
  stop_sequences: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
  tools: z.array(Tool).optional(),
  tool_choice: z.looseObject({ type: z.enum(["auto", "any", "tool", "none"]), name: z.string().optional() }).optional(),
});
export type MessagesRequest = z.infer<typeof MessagesRequest>;

/** What the simulated model says, with counts of made-up tokens. */
export interface MessageAnswer {
  id: string;
  /** The text in the pieces a stream would send. */
  pieces: string[];
  tool?: { id: string; name: string; input: Record<string, unknown> };
  stopReason: "end_turn" | "max_tokens" | "tool_use";
  inputTokens: number;
  outputTokens: number;
}

/** The same request and seed give the same answer, on any machine. */
export function buildMessageAnswer(request: MessagesRequest, seed: number): MessageAnswer {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, request.model, request.messages]))
    .digest("hex");
  const id = `msg_sim_${digest.slice(0, 20)}`;
  const texts = request.messages.map(({ content }) => readText(content));
  const inputTokens = countTokens([readText(request.system ?? ""), ...texts].join(" ")) + 4 * texts.length;
  const called = chooseTool(request, texts.at(-1) ?? "");
  if (called) {
    const input = Object.fromEntries(Object.keys(readProperties(called)).map((name) => [name, `simulated ${name}`]));
    const tool = { id: `toolu_sim_${digest.slice(20, 32)}`, name: called.name, input };
    return { id, pieces: [], tool, stopReason: "tool_use", inputTokens, outputTokens: 12 };
  }
  const text = `[Simulated answer: no language model was asked.] ${request.model} received “${texts.at(-1)?.slice(0, 60)}”.`;
  const words = text.split(/(?<= )/);
  const pieces = words.slice(0, request.max_tokens);
  const stopReason = pieces.length < words.length ? "max_tokens" : "end_turn";
  return { id, pieces, stopReason, inputTokens, outputTokens: pieces.length };
}

function readText(content: string | z.infer<typeof Block>[]): string {
  return typeof content === "string" ? content : content.map(({ text }) => text ?? "").join(" ");
}

function countTokens(text: string): number {
  return Math.ceil(text.split(/\s+/).filter(Boolean).length * 1.3);
}

/** A tool is called when the request insists on it, or when the user's last message names it. */
function chooseTool({ tools, tool_choice: choice }: MessagesRequest, last: string) {
  if (choice?.type === "none") return undefined;
  if (choice?.type === "tool") return tools?.find(({ name }) => name === choice.name);
  if (choice?.type === "any") return tools?.[0];
  return tools?.find(({ name }) => last.includes(name));
}

function readProperties({ input_schema: schema }: z.infer<typeof Tool>): Record<string, unknown> {
  const properties = z.record(z.string(), z.unknown()).safeParse(schema["properties"]);
  return properties.data ?? {};
}
