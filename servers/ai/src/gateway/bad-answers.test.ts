import { afterEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { createPolicyKey } from "../testing/policy-key.ts";

let harness: AiHarness;
afterEach(() => harness.close());

test("an answer that its reader calls bad is not given again, word for word or by meaning; a good one is", async () => {
  harness = await startAiHarness();
  const key = await createPolicyKey(harness, {});
  const ask = async (content: string) => {
    const response = await key.post("chat/completions", {
      model: "simulated/small",
      messages: [{ role: "user", content }],
    });
    expect(response.status, await response.text()).toBe(200);
    return [response.headers.get("x-sophia-cache"), response.headers.get("x-sophia-request-id") ?? ""] as const;
  };
  const judge = async (requestId: string, score: number) => {
    await harness.services.traces.flush();
    const given = { tool: "log_feedback", arguments: { requestId, score } };
    return JSON.stringify(await key.callTool("run_tool", given));
  };
  const entries = async () =>
    (
      await harness.platform.store.db
        .selectFrom("semantic_entries")
        .select("id")
        .where("removed_at", "is", null)
        .execute()
    ).length;
  const [, fresh] = await ask("where is the harbour");
  expect((await ask("where is the harbour"))[0]).toBe("hit");
  await expect.poll(entries).toBe(1);
  expect(await judge(fresh, 1)).not.toContain('"cache"');
  const [state, repeated] = await ask("where is the harbour");
  expect(state).toBe("hit");
  expect(await judge(repeated, 0)).toContain('"cache"');
  expect(await entries()).toBe(0);
  expect((await ask("where is the harbour"))[0]).toBe("miss");
});
