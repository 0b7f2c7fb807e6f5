import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { createPolicyKey, type PolicyKey } from "../testing/policy-key.ts";

interface Embeddings {
  data: { index: number; embedding: number[] | string }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

let harness: AiHarness;
let key: PolicyKey;
beforeAll(async () => {
  harness = await startAiHarness();
  key = await createPolicyKey(harness, {});
});
afterAll(() => harness.close());

async function embed(body: object): Promise<Embeddings> {
  const response = await key.post("embeddings", { model: "sophia-embed", ...body });
  expect(response.status).toBe(200);
  return (await response.json()) as Embeddings;
}

test("a text or a list, as numbers or as the bytes of 32-bit floats", async () => {
  const { data, model, usage } = await embed({ input: ["the harbour", "a bicycle"] });
  expect(data.map(({ index }) => index)).toEqual([0, 1]);
  expect([model, usage.total_tokens]).toEqual([expect.stringMatching(/^lexical/), usage.prompt_tokens]);
  const [alone] = (await embed({ input: "the harbour" })).data;
  expect(alone?.embedding).toEqual(data[0]?.embedding);
  const [packed] = (await embed({ input: "the harbour", encoding_format: "base64" })).data;
  const bytes = Buffer.from(packed?.embedding as string, "base64");
  const numbers = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
  expect(numbers).toEqual(alone?.embedding);
});

test("its own number of dimensions may be named, and no other", async () => {
  const { length } = (await embed({ input: "a" })).data[0]?.embedding ?? [];
  expect((await embed({ input: "a", dimensions: length })).data[0]?.embedding).toHaveLength(length ?? 0);
  const refused = await key.post("embeddings", { model: "sophia-embed", input: "a", dimensions: 256 });
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(`has ${length} dimensions`)]);
});

describe.each([
  ["513 texts", { input: Array.from({ length: 513 }, () => "a") }, "up to 512 texts"],
  ["a token array", { input: [1, 2, 3] }, "token arrays are not supported"],
  ["several token arrays", { input: [[1, 2], [3]] }, "token arrays are not supported"],
  ["no text", { input: [] }, "up to 512 texts"],
  ["an empty text", { input: "" }, "a text is empty"],
  ["a text that is too long", { input: "a".repeat(100_001) }, "more than 100,000 characters"],
  ["another encoding", { input: "a", encoding_format: "hex" }, "encoding_format"],
  ["no whole number of dimensions", { input: "a", dimensions: 1.5 }, "dimensions"],
])("%s", (_what, body, message) => {
  test("is refused with what to change, and not quoted", async () => {
    const response = await key.post("embeddings", { model: "sophia-embed", ...body });
    const text = await response.text();
    expect([response.status, text]).toEqual([400, expect.stringContaining(message)]);
    expect(text.length).toBeLessThan(600);
  });
});

test("what is embedded and ranked is counted and traced like chat", async () => {
  await embed({ input: "counted" });
  expect((await key.post("rerank", { query: "counted", documents: ["a", "b"], top_n: 1 })).status).toBe(200);
  await harness.services.traces.flush();
  const rows = await harness.platform.store.db.selectFrom("ai_traces").select(["operation", "caller"]).execute();
  const operations = new Set(rows.filter(({ caller }) => caller === key.caller).map(({ operation }) => operation));
  expect([...operations].toSorted()).toEqual(["embeddings", "rerank"]);
  expect(await harness.platform.metrics.text()).toMatch(/sophia_ai_answers_total\{[^}]*service="sophia"[^}]*\} \d/);
});
