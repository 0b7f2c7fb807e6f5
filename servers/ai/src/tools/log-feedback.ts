import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { Feedback } from "../quality/feedback.ts";

interface Services {
  feedback: Feedback;
}

export const logFeedback = defineTool({
  name: "log_feedback",
  title: "Say how good an answer was",
  description: `Keeps what somebody thought of a model's answer, and learns from it: which model to choose, and whether a cached answer is given again.
- Use when the user says that an answer was good, bad, or should have been another.
- thumb or score (0 to 1) judge; correction is the right answer and means that the given one was wrong; comment says why.
Example: {"requestId": "req_…", "thumb": "down", "comment": "It quotes the old price."}`,
  effect: "read",
  input: z.strictObject({
    requestId: z.string().min(1).max(200).describe("Id of the request that was answered."),
    thumb: z.enum(["up", "down"]).optional().describe("Good or bad."),
    score: z.number().min(0).max(1).optional().describe("0 to 1, instead of a thumb."),
    comment: z.string().min(1).max(4_000).optional().describe("Why."),
    correction: z.string().min(1).max(4_000).optional().describe("What the answer should have been."),
  }),
  output: z.object({
    requestId: z.string(),
    score: z.number().optional().describe("As it counts; absent where only words were given."),
    taught: z.array(z.enum(["traces", "routing", "cache", "provider"])).describe("Who has learnt from it."),
    source: Source,
  }),
  async run({ requestId, thumb, score, comment, correction }, { services, caller }: ToolContext<Services>) {
    if (thumb !== undefined && score !== undefined) {
      throw new AppError("invalid_input", "Give thumb or score, not both.");
    }
    if (thumb === undefined && score === undefined && comment === undefined && correction === undefined) {
      throw new AppError("invalid_input", "Say something of the answer: thumb, score, comment or correction.");
    }
    const given = thumb === undefined ? score : thumb === "up" ? 1 : 0;
    const taken = await services.feedback.give(
      {
        requestId,
        ...(given !== undefined && { score: given }),
        ...(comment !== undefined && { comment }),
        ...(correction !== undefined && { correction }),
      },
      caller,
    );
    return {
      requestId,
      ...(taken.score !== undefined && { score: taken.score }),
      taught: taken.taught,
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    };
  },
});
