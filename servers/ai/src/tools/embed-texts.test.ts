import type { Embedder } from "@sophia/core/embed/embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { embedTexts } from "./embed-texts.ts";

function run(input: unknown, embedder: Embedder = createLexicalEmbedder({ dimension: 256 })) {
  const context: ToolContext<{ embedder: Embedder }> = {
    services: { embedder },
    caller: { id: "c1", name: "tester", scopes: ["read"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return embedTexts.run(embedTexts.input.parse(input), context);
}

describe("embed_texts", () => {
  test("says which texts belong together, best first", async () => {
    const texts = ["restart the billing service", "weather in Oslo", "restarting billing services"];
    const output = await run({ texts });
    expect(output.pairs[0]).toMatchObject({ first: 0, second: 2 });
    expect(output.pairs).toHaveLength(3);
    expect(output).not.toHaveProperty("vectors");
    expect(output).toMatchObject({ modelId: "lexical-3-5gram-v1-256", dimension: 256, count: 3 });
  });

  test("vectors only when asked for, and only a few", async () => {
    const { vectors } = await run({ texts: ["one", "two"], includeVectors: true });
    expect(vectors).toHaveLength(2);
    expect(Math.hypot(...(vectors?.[0] ?? []))).toBeCloseTo(1, 2);
    await expect(run({ texts: Array(5).fill("x"), includeVectors: true })).rejects.toMatchObject({
      kind: "invalid_input",
    });
  });

  test("says when a lesser model answered", async () => {
    const lexical = createLexicalEmbedder();
    const status = () => ({ ...lexical.status(), state: "degraded" as const, reason: "no model" });
    expect(await run({ texts: ["a b"] }, { ...lexical, status })).toMatchObject({ degraded: "no model" });
    expect(await run({ texts: ["a b"] })).not.toHaveProperty("degraded");
  });

  test("names the service that embedded, and its price", async () => {
    const lexical = createLexicalEmbedder();
    const remote: Embedder = {
      ...lexical,
      embed: async (...call) => ({ ...(await lexical.embed(...call)), costUsd: 0.002 }),
      status: () => ({ ...lexical.status(), service: "together", mode: "live" }),
    };
    const { source } = await run({ texts: ["a b"] }, remote);
    expect(source).toEqual({ service: "together", mode: "live", costUsd: 0.002 });
    expect((await run({ texts: ["a b"] })).source).toEqual({ service: "sophia", mode: "local", costUsd: 0 });
  });

  test.each([[{ texts: [] }], [{ texts: Array(65).fill("x") }], [{ texts: [""] }]])("refuses %j", (input) => {
    expect(embedTexts.input.safeParse(input).success).toBe(false);
  });
});
