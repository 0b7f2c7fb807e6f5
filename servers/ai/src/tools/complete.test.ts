import { AppError } from "@sophia/core/errors/app-error";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { ChatCall, WholeAnswer } from "../domain/chat-call.ts";
import { complete } from "./complete.ts";

const answered: WholeAnswer = {
  service: "openrouter",
  mode: "live",
  model: "m",
  cache: "miss",
  route: "named",
  overheadMs: 1,
  bytes: undefined,
  completion: { choices: [{ finish_reason: "stop", message: { role: "assistant", content: "Four." } }] },
  usage: { inputTokens: 12, outputTokens: 2, cachedInputTokens: 0, estimated: false },
  costUsd: 0.000_3,
  priceKnown: true,
};

function createContext(answer: WholeAnswer | AppError = answered) {
  const asked: ChatCall[] = [];
  const context: ToolContext<{ completions: { complete(call: ChatCall): Promise<WholeAnswer> } }> = {
    services: {
      completions: {
        async complete(call) {
          asked.push(call);
          if (answer instanceof AppError) throw answer;
          return answer;
        },
      },
    },
    caller: { id: "c1", name: "tester", scopes: ["read"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return { asked, context };
}

const run = (input: unknown, { context } = createContext()) => complete.run(complete.input.parse(input), context);

describe("complete", () => {
  test("returns the text with what it cost", async () => {
    expect(await run({ prompt: "2+2?" })).toMatchInlineSnapshot(`
      {
        "cached": false,
        "finishReason": "stop",
        "model": "m",
        "priceKnown": true,
        "source": {
          "costUsd": 0.0003,
          "mode": "live",
          "service": "openrouter",
        },
        "text": "Four.",
        "usage": {
          "estimated": false,
          "inputTokens": 12,
          "outputTokens": 2,
        },
      }
    `);
  });

  test("puts system first and names only what was given", async () => {
    const setup = createContext();
    await run({ prompt: "hi", system: "be brief", maxTokens: 5, cache: "bypass" }, setup);
    expect(setup.asked[0]).toMatchObject({ cache: "bypass", requestId: "r1" });
    expect(setup.asked[0]?.request).toEqual({
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "hi" },
      ],
      max_tokens: 5,
    });
  });

  test.each([[{}], [{ prompt: "a", messages: [{ role: "user", content: "b" }] }]])(
    "%j: one of the two",
    async (input) => {
      await expect(run(input)).rejects.toMatchObject({ kind: "invalid_input" });
    },
  );

  test("an empty or withheld answer is told as it is", async () => {
    const completion = { choices: [{ finish_reason: "content_filter", message: { content: null } }] };
    const output = await run({ prompt: "x" }, createContext({ ...answered, completion, cache: "hit" }));
    expect(output).toMatchObject({ text: "", finishReason: "content_filter", cached: true });
  });

  test("a refusal of the provider passes through", async () => {
    const refused = new AppError("budget_exceeded", "no credit");
    await expect(run({ prompt: "x" }, createContext(refused))).rejects.toBe(refused);
  });

  test("the text names price, cache and, loudly, a simulation", async () => {
    const parse = async (answer: Partial<WholeAnswer>) =>
      complete.render?.(complete.output.parse(await run({ prompt: "x" }, createContext({ ...answered, ...answer }))));
    expect(await parse({})).toMatchInlineSnapshot(`
      "Four.

      [m at openrouter (live), freshly asked, finish reason stop, 12 + 2 tokens, 0.0003 USD]"
    `);
    expect(await parse({ priceKnown: false, costUsd: 0 })).toContain("price unknown");
    expect(await parse({ mode: "simulated" })).toMatch(/^SIMULATED: no language model was asked/);
  });
});
