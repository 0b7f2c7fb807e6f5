import { afterEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";

let harness: AiHarness | undefined;
afterEach(() => harness?.close());

test("an equal request does not find what rests on a changed document", async () => {
  harness = await startAiHarness();
  const client = await harness.createClient();
  const ask = async (tags: string) => {
    const request = {
      model: "simulated/small",
      messages: [{ role: "user" as const, content: "What does the handbook say?" }],
    };
    const headers = { "x-sophia-cache-tags": tags };
    const { response } = await client.chat.completions.create(request, { headers }).withResponse();
    return response.headers.get("x-sophia-cache");
  };
  const tags = "document:7, team:4";
  expect([await ask(tags), await ask(tags), await ask("document:8")]).toEqual(["miss", "hit", "miss"]);
  await harness.services.semanticCache.invalidate("document:7");
  expect([await ask(tags), await ask(tags), await ask("document:8")]).toEqual(["miss", "hit", "hit"]);
});
