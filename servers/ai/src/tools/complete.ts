import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { readCompletionText } from "../domain/completion-text.ts";
import type { Completions } from "../domain/completions.ts";

interface Services {
  completions: Pick<Completions, "complete">;
}

const Message = z.strictObject({
  role: z.enum(["system", "user", "assistant"]).describe("Who says it."),
  content: z.string().max(200_000).describe("What is said."),
});

export const complete = defineTool({
  name: "complete",
  title: "Complete a prompt",
  description: `Asks a language model and returns its text, with the cost.
- Use when a text is to be written, summarised, classified or translated by another model.
- Give either prompt or messages. Without model, the default one answers; list_models shows all.
- An equal request is answered from cache for free; cache "bypass" asks the model again.
Example: {"prompt": "Summarise in one sentence: …", "maxTokens": 100}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: z.strictObject({
    prompt: z.string().min(1).max(200_000).optional().describe("The question or task. Instead of messages."),
    messages: z.array(Message).min(1).max(200).optional().describe("A conversation so far. Instead of prompt."),
    system: z.string().max(50_000).optional().describe("Instructions that stand before everything else."),
    model: z.string().min(1).max(200).optional().describe("Model id from list_models. Default: the configured one."),
    maxTokens: z.int().min(1).max(32_000).optional().describe("Longest answer, in tokens."),
    temperature: z.number().min(0).max(2).optional().describe("0 is the most predictable."),
    cache: z.enum(["use", "bypass"]).default("use").describe("Whether an earlier equal answer may be given."),
  }),
  output: z.object({
    text: z.string().describe("The answer."),
    model: z.string().describe("The model that wrote it."),
    finishReason: z.string().describe("stop: finished; length: cut at maxTokens; content_filter: withheld."),
    usage: z.object({
      inputTokens: z.int().describe("Tokens of the request."),
      outputTokens: z.int().describe("Tokens of the answer."),
      estimated: z.boolean().describe("True when the provider did not count and we did."),
    }),
    cached: z.boolean().describe("Answered from an earlier equal request, without asking a model."),
    priceKnown: z.boolean().describe("False: no price list has this model, so costUsd 0 means unknown."),
    source: Source,
  }),
  async run(input, { services, caller, requestId, signal }: ToolContext<Services>) {
    if ((input.prompt === undefined) === (input.messages === undefined)) {
      throw new AppError("invalid_input", "Give either prompt or messages.", { hint: "One of the two, not both." });
    }
    const system = input.system === undefined ? [] : [{ role: "system", content: input.system }];
    const said = input.messages ?? [{ role: "user", content: input.prompt ?? "" }];
    const request = {
      ...(input.model !== undefined && { model: input.model }),
      messages: [...system, ...said],
      ...(input.maxTokens !== undefined && { max_tokens: input.maxTokens }),
      ...(input.temperature !== undefined && { temperature: input.temperature }),
    };
    const answer = await services.completions.complete({
      request,
      caller,
      requestId,
      signal,
      cache: input.cache,
      origin: "tool",
    });
    const { text, finishReason } = readCompletionText(answer.completion);
    const { inputTokens, outputTokens, estimated } = answer.usage;
    return {
      text,
      model: answer.model,
      finishReason,
      usage: { inputTokens, outputTokens, estimated },
      cached: answer.cache === "hit" || answer.cache === "shared",
      priceKnown: answer.priceKnown,
      source: { service: answer.service, mode: answer.mode, costUsd: answer.costUsd },
    };
  },
  render(output) {
    const price = output.priceKnown ? `${output.source.costUsd} USD` : "price unknown, counted as 0 USD";
    const tokens = `${output.usage.inputTokens} + ${output.usage.outputTokens} tokens${output.usage.estimated ? " (estimated)" : ""}`;
    const facts = [
      `${output.model} at ${output.source.service} (${output.source.mode})`,
      output.cached ? "from cache" : "freshly asked",
      `finish reason ${output.finishReason}`,
      tokens,
      price,
    ];
    const notice = output.source.mode === "simulated" ? "SIMULATED: no language model was asked.\n\n" : "";
    return `${notice}${output.text}\n\n[${facts.join(", ")}]`;
  },
});
