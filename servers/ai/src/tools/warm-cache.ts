import type { Caller } from "@sophia/core/approval/caller";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { estimateCostUsd } from "../domain/estimate-cost.ts";
import type { Models } from "../domain/models.ts";
import type { Completions } from "../domain/completions.ts";
import type { Callers } from "../policies/callers.ts";

interface Services {
  completions: Pick<Completions, "complete">;
  models: Pick<Models, "resolve">;
  usage: { callers: Pick<Callers, "find"> };
}

/** Asked at once after the first; each holds back as much of the budget as the dearest so far has cost. */
const concurrency = 4;
/** Time for the calls on their way when no new one is started. */
const stopAfterMs = 40_000;

export const warmCache = defineTool({
  name: "warm_cache",
  title: "Ask questions beforehand",
  description: `Asks a model the given questions now, so that the cache answers them later, within a stated budget.
- Use before a launch, a demonstration or a shift, with the questions that are sure to come.
- Answers are kept for one key: give the application's as key, with its system prompt, model and other parameters just as it sends them; else they are for you alone.
- What is in the cache already is not asked again. What did not fit budget or time is returned as left.
Example: {"questions": ["How do I reset my password?"], "budgetUsd": 0.05, "key": "help-desk", "model": "openai/gpt-5-mini", "request": {"temperature": 0, "max_tokens": 300}}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: z.strictObject({
    questions: z.array(z.string().min(1).max(20_000)).min(1).max(100).describe("One request each."),
    budgetUsd: z.number().positive().max(100).describe("No call is started that is expected to lead beyond it."),
    system: z.string().max(50_000).optional().describe("The application's system prompt, word for word."),
    model: z.string().min(1).max(200).optional().describe("Model id from list_models. Default: the configured one."),
    key: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe(
        "Name or id of the application's key: its cache is warmed, within its limits and budgets. Needs write.",
      ),
    request: z
      .record(
        z.string().regex(/^(?!(?:model|messages|stream|stream_options|n)$)/, "has a parameter of its own"),
        z.json(),
      )
      .optional()
      .describe("The other members of the application's requests: temperature, max_tokens, tools, response_format."),
  }),
  output: z.object({
    asked: z.int().describe("Answered by a model and kept."),
    cached: z.int().describe("Were in the cache."),
    failed: z.array(z.object({ question: z.string(), why: z.string() })).describe("Not answered, with the reason."),
    left: z.array(z.string()).describe("Not tried, for lack of budget or time."),
    source: Source,
  }),
  items: "left",
  async run(input, context: ToolContext<Services>) {
    const { services, requestId, signal, progress } = context;
    const caller = await findOwner(input.key, context);
    const system = input.system === undefined ? [] : [{ role: "system", content: input.system }];
    const waiting = [...new Set(input.questions)];
    const total = waiting.length;
    const failed: { question: string; why: string }[] = [];
    const counts = { asked: 0, cached: 0, spentUsd: 0, dearestUsd: 0, running: 0 };
    let source = { service: "sophia", mode: "local" as "live" | "local" | "simulated" };
    const startedAt = performance.now();

    const toRequest = (question: string) => ({
      ...input.request,
      ...(input.model !== undefined && { model: input.model }),
      messages: [...system, { role: "user", content: question }],
    });

    async function ask(question: string): Promise<void> {
      counts.running += 1;
      try {
        const answer = await services.completions.complete({
          request: toRequest(question),
          caller,
          requestId: `${requestId}-${total - waiting.length}`,
          signal,
          cache: "use",
          origin: "tool",
        });
        source = { service: answer.service, mode: answer.mode };
        counts.spentUsd += answer.costUsd;
        counts.dearestUsd = Math.max(counts.dearestUsd, answer.costUsd);
        counts[answer.cache === "miss" ? "asked" : "cached"] += 1;
      } catch (error) {
        signal.throwIfAborted();
        failed.push({ question, why: toAppError(error).message });
      } finally {
        counts.running -= 1;
        const done = counts.asked + counts.cached + failed.length;
        progress({ done, total, message: `${done} of ${total}, ${counts.spentUsd.toFixed(4)} USD` });
      }
    }

    /** Also counts what the calls on their way may cost. */
    const fits = () => counts.spentUsd + (counts.running + 1) * counts.dearestUsd <= input.budgetUsd;
    async function work(): Promise<void> {
      while (waiting.length > 0 && fits() && performance.now() - startedAt < stopAfterMs) {
        await ask(waiting.shift() ?? "");
      }
    }

    // The first one alone tells what one costs; what it may cost itself, only its price tells.
    const firstUsd = await estimateCostUsd(services.models, toRequest(waiting[0] ?? ""));
    if (firstUsd <= input.budgetUsd) await ask(waiting.shift() ?? "");
    else counts.dearestUsd = firstUsd;
    await Promise.all(Array.from({ length: concurrency }, work));
    const { asked, cached } = counts;
    return { asked, cached, failed, left: waiting, source: { ...source, costUsd: counts.spentUsd } };
  },
});

/** Whose cache is warmed. What another key pays for, and which of its questions are known, is not for everybody. */
async function findOwner(key: string | undefined, { services, caller }: ToolContext<Services>): Promise<Caller> {
  if (key === undefined) return caller;
  if (!caller.scopes.includes("write")) {
    throw new AppError("denied", "Only a caller with the scope write warms another key's cache.", {
      hint: "Leave key out, or use a token made with --scope write.",
    });
  }
  return { ...(await services.usage.callers.find(key)), scopes: ["read"] };
}
