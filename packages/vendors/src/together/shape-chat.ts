type Members = Record<string, unknown>;

/** https://docs.together.ai/reference/chat-completions-1; anything else is refused or ignored there. */
const knownNames = new Set([
  "model",
  "messages",
  "max_tokens",
  "stop",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "repetition_penalty",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "echo",
  "n",
  "seed",
  "stream",
  "response_format",
  "tools",
  "tool_choice",
  "context_length_exceeded_behavior",
  "safety_model",
  "compliance",
  "chat_template_kwargs",
  "reasoning",
  "reasoning_effort",
]);

/**
 * An OpenAI chat request in Together's words: newer names become older ones, text in parts becomes text, what it does
 * not know is left out. Returns `body` itself when there is nothing to do.
 */
export function shapeChat(body: Members): Members {
  const changes = { ...nameLimits(body), ...shapeTools(body), ...shapeMessages(body["messages"]) };
  const isKnown = Object.entries(body).every(([name, value]) => knownNames.has(name) && value !== null);
  if (isKnown && Object.keys(changes).length === 0) return body;
  const shaped = Object.entries({ ...body, ...changes }).filter(([name, value]) => {
    return knownNames.has(name) && value !== undefined && value !== null;
  });
  return Object.fromEntries(shaped);
}

function nameLimits(body: Members): Members {
  const { stop, logprobs, top_logprobs: alternatives, max_completion_tokens: limit, reasoning_effort: effort } = body;
  return {
    ...(typeof limit === "number" && { max_tokens: limit }),
    ...(typeof stop === "string" && { stop: [stop] }),
    // A switch and a count there, one count here.
    ...(typeof logprobs === "boolean" && {
      logprobs: logprobs ? Math.min(20, typeof alternatives === "number" ? alternatives : 1) : undefined,
    }),
    ...(typeof effort === "string" && !["low", "medium", "high"].includes(effort) && { reasoning_effort: undefined }),
  };
}

interface FunctionTool {
  type: string;
  function: { name: string; description?: unknown; parameters?: unknown };
}

/** A call of one named tool is told as: only this tool, and one must be called. */
function shapeTools({ tools, tool_choice: choice }: Members): Members {
  if (!Array.isArray(tools)) return {};
  const all = tools as FunctionTool[];
  const named = (choice as { function?: { name?: string } } | undefined)?.function?.name;
  const kept = named === undefined ? all : all.filter((tool) => tool.function.name === named);
  const isPlain = named === undefined && !all.some(({ function: each }) => "strict" in each);
  if (isPlain) return {};
  return {
    tools: kept.map(({ type, function: { name, description, parameters } }) => ({
      type,
      function: {
        name,
        ...(description !== undefined && { description }),
        ...(parameters !== undefined && { parameters }),
      },
    })),
    ...(named !== undefined && { tool_choice: "required" }),
  };
}

function shapeMessages(messages: unknown): Members {
  if (!Array.isArray(messages)) return {};
  const shaped = (messages as Members[]).map(shapeMessage);
  return shaped.some((message, index) => message !== messages[index]) ? { messages: shaped } : {};
}

function shapeMessage(message: Members): Members {
  const { role, content, tool_calls: calls } = message;
  const changes: Members = {
    ...(role === "developer" && { role: "system" }),
    // Only users may speak in parts.
    ...(role !== "user" && Array.isArray(content) && { content: joinText(content as Members[]) }),
    ...(Array.isArray(calls) && { tool_calls: (calls as Members[]).map((call, index) => ({ index, ...call })) }),
  };
  // An answer of ours that comes back as a turn brings names that only answers have.
  const { refusal, annotations, audio, reasoning, ...known } = message;
  const hasMore = [refusal, annotations, audio, reasoning].some((value) => value !== undefined);
  return hasMore || Object.keys(changes).length > 0 ? { ...known, ...changes } : message;
}

function joinText(parts: readonly Members[]): string {
  return parts.map(({ text }) => (typeof text === "string" ? text : "")).join("\n");
}
