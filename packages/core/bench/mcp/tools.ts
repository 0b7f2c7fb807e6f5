import { z } from "zod";

/** The 30 tools that every contender of this benchmark serves: same names, same schemas, same work. */
export const toolNames = Array.from({ length: 30 }, (_, index) => `echo_tool_${String(index).padStart(2, "0")}`);

export const description =
  "Returns the text it was given.\n- Use when you want to hear an echo.\n- The number of repetitions is optional.";

export const inputShape = {
  text: z.string().min(1).max(1_000).describe("What to return."),
  repeat: z.int().min(1).max(5).optional().describe("How often."),
  upperCase: z.boolean().optional().describe("In capitals."),
};

export function echo(input: { text: string; repeat?: number | undefined; upperCase?: boolean | undefined }): string {
  const text = input.text.repeat(input.repeat ?? 1);
  return input.upperCase ? text.toUpperCase() : text;
}
