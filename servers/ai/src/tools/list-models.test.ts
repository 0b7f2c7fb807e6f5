import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { OfferedModel } from "../domain/models.ts";
import { listModels } from "./list-models.ts";

const offered = ["meta/llama-8b", "meta/llama-70b", "qwen/coder"].map((id, index): OfferedModel => ({
  id,
  kind: "chat",
  contextLength: index === 0 ? undefined : 8192,
  pricing: undefined,
  endpoint: { service: "openrouter", mode: "live", baseUrl: "https://openrouter.ai/api/v1", models: [] },
  price: {
    origin: index === 0 ? "unknown" : "provider",
    inputUsdPerMillion: index,
    outputUsdPerMillion: index * 2,
    asOf: "2026-11-22",
    costOf: () => 0,
  },
}));

function run(input: unknown, models: OfferedModel[] = offered) {
  const context: ToolContext<{ models: { list(): Promise<OfferedModel[]> } }> = {
    services: { models: { list: async () => models } },
    caller: { id: "c1", name: "tester", scopes: ["read"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return listModels.run(listModels.input.parse(input), context);
}

describe("list_models", () => {
  test("finds by words in id or service, and leaves out an unknown price", async () => {
    expect(await run({ search: "LLAMA openrouter" })).toMatchInlineSnapshot(`
      {
        "models": [
          {
            "id": "meta/llama-8b",
            "kind": "chat",
            "mode": "live",
            "promises": "any",
            "service": "openrouter",
          },
          {
            "contextLength": 8192,
            "id": "meta/llama-70b",
            "inputUsdPerMillion": 1,
            "kind": "chat",
            "mode": "live",
            "outputUsdPerMillion": 2,
            "priceAsOf": "2026-11-22",
            "promises": "any",
            "service": "openrouter",
          },
        ],
        "source": {
          "costUsd": 0,
          "mode": "live",
          "service": "openrouter",
        },
        "total": 2,
      }
    `);
  });

  test("pages through everything once", async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await run({ limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.models.map((model) => model.id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(offered.map((model) => model.id));
  });

  test("is told as a table, with where to go on", async () => {
    const output = listModels.output.parse(await run({ limit: 2 }));
    expect(listModels.render?.(output).split("\n")).toEqual([
      "2 of 3 models:",
      "id | service (mode) | kind | context tokens | USD per million tokens in/out, as of | promises, region",
      "meta/llama-8b | openrouter (live) | chat | unknown | unknown | any",
      "meta/llama-70b | openrouter (live) | chat | 8192 | 1/2, 2026-11-22 | any",
      `nextCursor: ${output.nextCursor}`,
    ]);
    const none = listModels.output.parse(await run({ search: "none" }));
    expect(listModels.render?.(none)).toContain("Leave search out");
  });

  test("nothing found is an empty list; a foreign cursor is refused", async () => {
    expect(await run({ search: "none" })).toMatchObject({ models: [], total: 0 });
    await expect(run({ cursor: "abc" })).rejects.toMatchObject({ kind: "invalid_input" });
  });
});
