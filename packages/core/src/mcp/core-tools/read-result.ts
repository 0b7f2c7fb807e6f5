import { z } from "zod";
import type { Clock } from "../../limits/clock.ts";
import { defineTool, Source, type ToolContext } from "../define-tool.ts";
import { readShelved, type ResultShelf } from "../result-cap.ts";

/** Pages through what was cut from a long answer. */
export function createReadResult(shelf: ResultShelf, clock: Clock) {
  return defineTool({
    name: "read_result",
    title: "Read the rest of an answer",
    description:
      "Returns the next part of an answer that was cut.\n" +
      "- Use with the nextCursor of an answer whose truncated is true. The rest is kept for an hour.\n" +
      '- Example: {"cursor": "3f6c….0"}',
    effect: "read",
    input: z.strictObject({
      cursor: z.string().max(64).describe("nextCursor of the answer that was cut, or of the part before."),
    }),
    output: z.object({
      field: z.string().describe("The field of the first answer that these items continue."),
      items: z.array(z.unknown()),
      nextCursor: z.string().optional().describe("Where the next part begins; absent at the end."),
      toolCursor: z
        .string()
        .optional()
        .describe("At the end: give it as cursor to the tool that was cut, for its next page."),
      lost: z.int().optional().describe("At the end: items that were too much even to be kept."),
      source: Source,
    }),
    maxTokens: 20_000,
    async run(input, { caller }: ToolContext<unknown>) {
      const page = await readShelved(shelf, caller, input.cursor);
      const asOf = new Date(clock.now()).toISOString();
      return { ...page, source: { service: "sophia", mode: "local" as const, costUsd: 0, asOf } };
    },
  });
}
