interface TextChoice {
  finish_reason?: unknown;
  message?: { content?: unknown; refusal?: unknown } | null;
}

/** The first choice of a completion as text; empty when the provider gave none. */
export function readCompletionText(completion: unknown): { text: string; finishReason: string } {
  const choices = (completion as { choices?: unknown } | null | undefined)?.choices;
  const choice = (Array.isArray(choices) ? choices[0] : undefined) as TextChoice | null | undefined;
  const { content, refusal } = choice?.message ?? {};
  const text = typeof content === "string" ? content : typeof refusal === "string" ? refusal : "";
  return { text, finishReason: typeof choice?.finish_reason === "string" ? choice.finish_reason : "unknown" };
}
