import { createHash } from "node:crypto";
import { type ChatRequest, readText } from "./chat-request.ts";

/** What the simulated model says: text or tool calls, with counts of made-up tokens. */
export interface SimulatedAnswer {
  id: string;
  /** The text in the pieces a stream would send. */
  pieces: string[];
  toolCalls: { id: string; name: string; arguments: string }[];
  finishReason: "stop" | "length" | "tool_calls";
  promptTokens: number;
  completionTokens: number;
}

const endings = [
  "Ask a real provider for a real answer.",
  "The words are the simulator's own.",
  "Nothing here was reasoned about.",
  "Treat it as a placeholder for what a model would say.",
];

/** About 1.3 tokens a word: only the counting has to be steady, not true. */
export function countTokens(text: string): number {
  return Math.ceil(text.split(/\s+/).filter(Boolean).length * 1.3);
}

export function countPromptTokens(request: ChatRequest): number {
  return request.messages.reduce((sum, message) => sum + 4 + countTokens(readText(message.content)), 0);
}

/** The same request, seed and number of the choice give the same answer, on any machine. */
export function buildAnswer(request: ChatRequest, seed: number, choice: number): SimulatedAnswer {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, request.seed ?? 0, choice, request.model, request.messages]))
    .digest();
  const id = `chatcmpl-sim-${digest.toString("hex").slice(0, 20)}`;
  const promptTokens = countPromptTokens(request);
  const called = chooseTool(request);
  if (called) {
    const callArguments = JSON.stringify(buildInstance(called.function.parameters ?? { type: "object" }, 0));
    return {
      id,
      pieces: [],
      toolCalls: [
        { id: `call_${digest.toString("hex").slice(20, 32)}`, name: called.function.name, arguments: callArguments },
      ],
      finishReason: "tool_calls",
      promptTokens,
      completionTokens: countTokens(callArguments) + 4,
    };
  }
  const words = buildText(request, digest).split(/(?<= )/);
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY;
  const kept = words.slice(0, Math.floor(limit / 1.3));
  return {
    id,
    pieces: kept,
    toolCalls: [],
    finishReason: kept.length < words.length ? "length" : "stop",
    promptTokens,
    completionTokens: countTokens(kept.join("")),
  };
}

/** A model that is still loading, or gave up, says nothing and stops. */
export function emptyAnswer(answer: SimulatedAnswer): SimulatedAnswer {
  return { ...answer, pieces: [], toolCalls: [], finishReason: "stop", completionTokens: 0 };
}

function buildText(request: ChatRequest, digest: Buffer): string {
  const format = request.response_format;
  if (format?.type === "json_object") return JSON.stringify({ simulated: true, answer: "No model was asked." });
  if (format?.type === "json_schema") return JSON.stringify(buildInstance(format.json_schema?.schema ?? {}, 0));
  const asked = readText(request.messages.findLast((message) => message.role === "user")?.content).trim();
  const quoted = asked.length > 60 ? `${asked.slice(0, 60)}…` : asked;
  const ending = endings[(digest[0] ?? 0) % endings.length] ?? "";
  return `[Simulated answer: no language model was asked.] ${request.model} received ${request.messages.length} message(s), the last of them “${quoted}”. ${ending}`;
}

/** A tool is called when the request insists on it, or when the user's last message names it. */
function chooseTool(request: ChatRequest): NonNullable<ChatRequest["tools"]>[number] | undefined {
  const choice = request.tool_choice ?? "auto";
  const last = request.messages.at(-1);
  if (choice === "none" || last?.role === "tool") return undefined;
  if (typeof choice === "object") return request.tools?.find((tool) => tool.function.name === choice.function.name);
  if (choice === "required") return request.tools?.[0];
  const text = readText(last?.content);
  return request.tools?.find((tool) => text.includes(tool.function.name));
}

type Schema = Record<string, unknown>;

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The smallest value that fits a JSON schema of the kind used for tools and structured output. */
function buildInstance(schema: Schema, depth: number): unknown {
  if (depth > 8) return null;
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  const options = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(options) && isSchema(options[0])) return buildInstance(options[0], depth + 1);
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  if (type === "string") return "simulated".padEnd(Number(schema["minLength"] ?? 0), "-");
  if (type === "number" || type === "integer") return schema["minimum"] ?? 1;
  if (type === "boolean") return true;
  if (type === "null") return null;
  if (type === "array") {
    const item = isSchema(schema["items"]) ? schema["items"] : {};
    return Array.from({ length: Number(schema["minItems"] ?? 1) }, () => buildInstance(item, depth + 1));
  }
  const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      buildInstance(isSchema(property) ? property : {}, depth + 1),
    ]),
  );
}

/** A unit vector that depends on the text alone; equal texts are equal, others are far apart. */
export function buildEmbedding(text: string, dimension: number): number[] {
  const values: number[] = [];
  for (let block = 0; values.length < dimension; block += 1) {
    const bytes = createHash("sha256").update(`${block}\0${text}`).digest();
    for (let offset = 0; offset + 1 < bytes.length && values.length < dimension; offset += 2) {
      values.push(bytes.readInt16LE(offset) / 32_768);
    }
  }
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
