import { z } from "zod";

const TextChoice = z.looseObject({
  finish_reason: z.string().nullish(),
  message: z.looseObject({ content: z.string().nullish(), refusal: z.string().nullish() }),
});

const TextCompletion = z.looseObject({ choices: z.tuple([TextChoice], TextChoice) });

/** The first choice of a completion as text; empty when the provider gave none. */
export function readCompletionText(completion: unknown): { text: string; finishReason: string } {
  const parsed = TextCompletion.safeParse(completion);
  if (!parsed.success) return { text: "", finishReason: "unknown" };
  const [choice] = parsed.data.choices;
  return {
    text: choice.message.content ?? choice.message.refusal ?? "",
    finishReason: choice.finish_reason ?? "unknown",
  };
}
